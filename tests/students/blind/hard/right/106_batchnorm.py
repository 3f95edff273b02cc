# coding: utf-8
# layers.py -- my answers. The step numbers are those of my graph on paper.
from builtins import range
import numpy as np


def affine_forward(x, w, b):
    """Inner-product layer. x may have any number of axes after the first one."""
    num_train = x.shape[0]
    rows = np.reshape(x, (num_train, -1))
    out = rows.dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    num_train = x.shape[0]
    rows = np.reshape(x, (num_train, -1))
    dw = np.dot(rows.T, dout)
    db = np.sum(dout, axis=0)
    dx = np.dot(dout, w.T)
    dx = np.reshape(dx, x.shape)
    return dx, dw, db


def relu_forward(x):
    out = np.where(x > 0, x, 0.0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = np.array(dout, copy=True)
    dx[x <= 0] = 0
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        # step 1: mean of each column
        mu = 1.0 / N * np.sum(x, axis=0)
        # step 2: move to zero
        xmu = x - mu
        # step 3: squares
        sq = xmu ** 2
        # step 4: variance
        var = 1.0 / N * np.sum(sq, axis=0)
        # step 5: standard deviation
        std = np.sqrt(var + eps)
        # step 6: turn it over
        inv_std = 1.0 / std
        # step 7: x-hat
        x_norm = xmu * inv_std
        # step 8 and 9: scale, shift
        gammax = gamma * x_norm
        out = gammax + beta

        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (x_norm, gamma, xmu, inv_std, std, var, eps)
    elif mode == "test":
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
    else:
        raise ValueError('mode? ' + str(mode))

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_norm, gamma, xmu, inv_std, std, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step 8
    dgamma = np.sum(dgammax * x_norm, axis=0)
    dx_norm = dgammax * gamma
    # step 7
    dinv_std = np.sum(dx_norm * xmu, axis=0)
    dxmu1 = dx_norm * inv_std
    # step 6
    dstd = -1.0 / (std ** 2) * dinv_std
    # step 5
    dvar = 0.5 / np.sqrt(var + eps) * dstd
    # step 4
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    # step 3
    dxmu2 = 2 * xmu * dsq
    # step 2
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    # step 1
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    # step 0
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    N, D = x.shape
    # step 1: mean of each row
    mu = 1.0 / D * np.sum(x, axis=1, keepdims=True)
    # step 2
    xmu = x - mu
    # step 3
    sq = xmu ** 2
    # step 4
    var = 1.0 / D * np.sum(sq, axis=1, keepdims=True)
    # step 5
    std = np.sqrt(var + eps)
    # step 6
    inv_std = 1.0 / std
    # step 7
    x_norm = xmu * inv_std
    # step 8 and 9
    gammax = gamma * x_norm
    out = gammax + beta
    cache = (x_norm, gamma, xmu, inv_std, std, var, eps)
    return out, cache


def layernorm_backward(dout, cache):
    x_norm, gamma, xmu, inv_std, std, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    # step 8
    dgamma = np.sum(dout * x_norm, axis=0)
    dx_norm = dout * gamma
    # step 7
    dinv_std = np.sum(dx_norm * xmu, axis=1, keepdims=True)
    dxmu1 = dx_norm * inv_std
    # step 6
    dstd = -1.0 / (std ** 2) * dinv_std
    # step 5
    dvar = 0.5 / np.sqrt(var + eps) * dstd
    # step 4
    dsq = 1.0 / D * np.ones((N, D)) * dvar
    # step 3
    dxmu2 = 2 * xmu * dsq
    # step 2
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dx1, axis=1, keepdims=True)
    # step 1
    dx2 = 1.0 / D * np.ones((N, D)) * dmu
    # step 0
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def softmax_loss(x, y):
    num = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    expo = np.exp(shifted)
    total = np.sum(expo, axis=1, keepdims=True)
    probs = expo / total
    loss = np.sum(np.log(total[:, 0]) - shifted[np.arange(num), y]) / num
    dx = probs.copy()
    dx[np.arange(num), y] -= 1
    dx /= num
    return loss, dx
