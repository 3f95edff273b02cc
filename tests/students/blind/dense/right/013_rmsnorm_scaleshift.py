import numpy as np


def scale_shift_forward(x, gamma, beta):
    out = gamma * x + beta
    return out, (x, gamma)


def scale_shift_backward(dout, cache):
    (x, gamma) = cache
    dgamma = (dout * x).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx = dout * gamma
    return dx, dgamma, dbeta


def rmsnorm_forward(x, gamma, eps=1e-6):
    D = x.shape[1]
    ms = (x * x).sum(axis=1, keepdims=True) / D
    r = (ms + eps) ** -0.5
    xhat = x * r
    out = xhat * gamma
    return out, (xhat, r, gamma)


def rmsnorm_backward(dout, cache):
    xhat, r, gamma = cache
    D = xhat.shape[1]
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    proj = (dxhat * xhat).sum(axis=1, keepdims=True) / D
    dx = r * (dxhat - xhat * proj)
    return dx, dgamma
