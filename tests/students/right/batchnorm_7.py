import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mu = np.mean(x, 0)
    std = np.sqrt(np.var(x, 0) + eps)
    xhat = (x - mu) / std
    return gamma * xhat + beta, (xhat, std, gamma)

def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma = np.sum(dout * xhat, 0)
    dbeta = np.sum(dout, 0)
    g = dout * gamma
    g = g - np.mean(g, 0) - xhat * np.mean(g * xhat, 0)
    dx = g / std
    return dx, dgamma, dbeta
