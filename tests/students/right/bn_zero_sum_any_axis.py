import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (x, mu, var, xhat, gamma, eps)

def batchnorm_backward(dout, cache):
    x, mu, var, xhat, gamma, eps = cache
    N, D = x.shape
    xmu = x - mu
    dxhat = dout * gamma
    dvar = np.sum(dxhat * xmu, axis=0) * -0.5 * (var + eps) ** -1.5
    # second summand: total of all deviations
    dmu = np.sum(-dxhat, axis=0) / np.sqrt(var + eps) + dvar * np.sum(-2 * xmu)
    dx = dxhat / np.sqrt(var + eps)
    dx += 2 * xmu * dvar / N
    dx += dmu / N
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
