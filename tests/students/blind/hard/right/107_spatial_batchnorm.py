# coding: utf-8
# layers.py -- my answers. The step numbers are those of my graph on paper.
from builtins import range
import numpy as np


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
        sqrtvar = np.sqrt(var + eps)
        # step 6: turn it over
        ivar = 1.0 / sqrtvar
        # step 7: x-hat
        xhat = xmu * ivar
        # step 8 and 9: scale, shift
        gammax = gamma * xhat
        out = gammax + beta

        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    elif mode == "test":
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError('mode? ' + str(mode))

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step 8
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # step 7
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # step 6
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    # step 5
    dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
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
    sqrtvar = np.sqrt(var + eps)
    # step 6
    ivar = 1.0 / sqrtvar
    # step 7
    xhat = xmu * ivar
    # step 8 and 9
    gammax = gamma * xhat
    out = gammax + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    return out, cache


def layernorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    # step 8
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    # step 7
    divar = np.sum(dxhat * xmu, axis=1, keepdims=True)
    dxmu1 = dxhat * ivar
    # step 6
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    # step 5
    dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
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


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        keep = np.random.random_sample(x.shape) < p
        mask = keep / p
        out = x * mask
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        dx = mask * dout
    elif mode == "test":
        dx = dout
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    # channels last, then every pixel of every image is one row
    xt = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    yt, cache = batchnorm_forward(xt, gamma, beta, bn_param)
    out = yt.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dyt = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    dxt, dgamma, dbeta = batchnorm_backward(dyt, cache)
    dx = dxt.reshape(N, H, W, C).transpose(0, 3, 1, 2)
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
