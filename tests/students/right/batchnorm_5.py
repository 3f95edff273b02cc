import numpy as np

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    std = np.sqrt(var + eps)
    xhat = (x - mean) / std
    out = gamma * xhat + beta
    return out, (x, xhat, mean, std, gamma)

def batchnorm_backward(dout, cache):
    x, xhat, mean, std, gamma = cache
    N, D = x.shape
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    dvar = -0.5 * np.sum(dxhat * (x - mean), axis=0) / std**3
    dmean = -np.sum(dxhat / std, axis=0) - 2 * dvar * np.sum(x - mean, axis=0) / N
    dx = dxhat / std + 2 * dvar * (x - mean) / N + dmean / N
    return dx, dgamma, dbeta
