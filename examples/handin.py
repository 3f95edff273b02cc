"""A hand-in with a slip in it: can you see which line it is?"""

import numpy as np


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    centered = x - mean
    var = np.mean(centered**2, axis=0)
    std = np.sqrt(var + eps)
    x_hat = centered / std
    out = gamma * x_hat + beta
    cache = (gamma, centered, var, std, x_hat)
    return out, cache


def batchnorm_backward(dout, cache):
    gamma, centered, var, std, x_hat = cache
    N = dout.shape[0]

    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma

    dcentered = dx_hat / std
    dstd = -np.sum(dx_hat * centered, axis=0) / std**2
    dvar = 0.5 / np.sqrt(var) * dstd
    dcentered += 2 / N * centered * dvar

    dmean = -dcentered.sum(axis=0)
    dx = dcentered + dmean / N
    return dx, dgamma, dbeta
