import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    N, D = x.shape
    mean = 1.0 / N * np.sum(x, axis=0)
    xmean = x - mean
    var = 1.0 / N * np.sum(xmean ** 2, axis=0)
    inv = 1.0 / np.sqrt(var + eps)
    norm = xmean * inv
    out = gamma * norm + beta
    return out, (norm, xmean, inv, gamma)

def batchnorm_backward(dout, cache):
    norm, xmean, inv, gamma = cache
    N, D = dout.shape
    dgamma = np.sum(norm * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    dnorm = dout * gamma
    dmean = -np.sum(dnorm * inv, axis=0)
    dvar = np.sum(dnorm * xmean, axis=0) * (-0.5) * inv ** 3
    dx = dnorm * inv + dmean / N + dvar * 2 / N * xmean
    return dx, dgamma, dbeta
