import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    D, N = x.shape
    mean = np.ones(D) @ x / D
    var = np.sqrt(np.sum((x - mean) ** 2, axis=0) / D + eps)
    dx = (x - mean) / var
    return gamma * dx + beta, (dx, var, gamma)

def batchnorm_backward(dout, cache):
    x, var, gamma = cache
    D, N = dout.shape
    beta = np.sum(dout, axis=0)
    mean = np.sum(dout * x, axis=0)
    dmean = gamma * (dout - beta / D)
    dvar = x * gamma * mean / D
    dx = (dmean - dvar) / var
    return dx, mean, beta
