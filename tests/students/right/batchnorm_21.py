import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    mu = x.mean(axis=0, keepdims=True)
    xmu = x - mu
    var = (xmu ** 2).mean(axis=0, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = xmu / std
    cache = (x_hat, xmu, std, gamma)
    return x_hat * gamma + beta, cache


def batchnorm_backward(dout, cache):
    x_hat, xmu, std, gamma = cache
    N = dout.shape[0]

    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)

    dx_hat = dout * gamma
    dstd = -(dx_hat * xmu / std ** 2).sum(axis=0, keepdims=True)
    dvar = dstd / 2 / std
    dxmu = dx_hat / std + 2 / N * xmu * dvar
    dx = dxmu - dxmu.mean(axis=0, keepdims=True)
    return dx, dgamma, dbeta
