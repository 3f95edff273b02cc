import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    N, D = x.shape
    mean = np.sum(x, axis=0) / N
    diff = x - mean
    var = np.sum(diff ** 2, axis=0) / N
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = diff * inv_std
    out = x_hat * gamma + beta
    cache = diff, inv_std, x_hat, gamma
    return out, cache


def batchnorm_backward(dout, cache):
    diff, inv_std, x_hat, gamma = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dinv_std = np.sum(dx_hat * diff, axis=0)
    dvar = -0.5 * inv_std ** 3 * dinv_std
    ddiff = dx_hat * inv_std + (2 / N) * diff * dvar
    dmean = -np.sum(ddiff, axis=0)
    dx = ddiff + dmean / N
    return dx, dgamma, dbeta
