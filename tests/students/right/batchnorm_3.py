import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mean, var = x.mean(0), x.var(0)
    inv = (var + eps) ** -.5
    xhat = (x - mean) * inv
    return xhat * gamma + beta, (xhat, inv, gamma)

def batchnorm_backward(dout, cache):
    xhat, inv, gamma = cache
    dbeta = dout.sum(0)
    dgamma = (xhat * dout).sum(0)
    dxhat = dout.copy()
    dxhat *= gamma
    dx = inv * (dxhat - dxhat.mean(0) - xhat * (xhat * dxhat).mean(0))
    return dx, dgamma, dbeta
