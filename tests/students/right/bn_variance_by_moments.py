import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    N = x.shape[0]
    m1 = x.sum(axis=0) / N
    m2 = (x ** 2).sum(axis=0) / N
    std = np.sqrt(m2 - m1 ** 2 + eps)
    xhat = (x - m1) / std
    return gamma * xhat + beta, (x, m1, std, xhat, gamma)

def batchnorm_backward(dout, cache):
    x, m1, std, xhat, gamma = cache
    N = x.shape[0]
    dxhat = dout * gamma
    dstd = -np.sum(dxhat * xhat, axis=0) / std
    dvar = dstd / std / 2
    # var = m2 - m1^2
    dm2 = dvar
    dm1 = -np.sum(dxhat, axis=0) / std - 2 * m1 * dvar
    dx = dxhat / std + (2 * x * dm2 + dm1) / N
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
