import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    mom = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    cache = None
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        s = 1 / np.sqrt(var + eps)
        xn = (x - mean) * s
        cache = (xn, s, gamma)
        bn_param["running_mean"] = mom * running_mean + (1 - mom) * mean
        bn_param["running_var"] = mom * running_var + (1 - mom) * var
    else:
        xn = (x - running_mean) / np.sqrt(running_var + eps)
    return gamma * xn + beta, cache


def batchnorm_backward(dout, cache):
    xn, s, gamma = cache
    dxn = dout * gamma
    dx = s * (dxn - dxn.mean(axis=0) - xn * np.mean(dxn * xn, axis=0))
    return dx, np.sum(dout * xn, axis=0), np.sum(dout, axis=0)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    dx, dgamma, dbeta = batchnorm_backward(rows, cache)
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta
