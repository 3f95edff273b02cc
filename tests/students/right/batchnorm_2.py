import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - mu) / std
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma)
    return out, cache


def batchnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    N = x_hat.shape[0]
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    dx = (1. / N) / std * (N * dx_hat - dx_hat.sum(axis=0)
                           - x_hat * (dx_hat * x_hat).sum(axis=0))
    return dx, dgamma, dbeta
