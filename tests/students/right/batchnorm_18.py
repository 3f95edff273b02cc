import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mu = np.mean(x, axis=0, keepdims=True)
    var = np.var(x, axis=0, keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    out = gamma * xhat + beta
    cache = (x, mu, std, xhat, gamma)
    return out, cache

def batchnorm_backward(dout, cache):
    x, mu, std, xhat, gamma = cache
    N, D = x.shape

    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)

    dxhat = dout * gamma
    dstd = np.sum(dxhat * (x - mu) * -(std ** -2), axis=0, keepdims=True)
    dvar = dstd * 0.5 / std
    dmu = np.sum(-dxhat / std, axis=0, keepdims=True)
    dx = dxhat / std + dvar * 2 * (x - mu) / N + dmu / N
    return dx, dgamma, dbeta
