import numpy as np

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    n = x.shape[0]
    mu = x.mean(axis=0)
    d = x - mu
    v = (d ** 2).mean(axis=0)
    xh = d / np.sqrt(v + eps)
    y = gamma * xh + beta
    return y, (n, d, v, xh, gamma, eps)

def batchnorm_backward(dout, cache):
    n, d, v, xh, gamma, eps = cache
    dgamma = np.sum(dout * xh, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxh = gamma * dout
    s = 1 / np.sqrt(v + eps)
    dv = np.sum(dxh * d, axis=0) * -0.5 * s ** 3
    dd = dxh * s
    dd += 2 * d * dv / n
    dx = dd - np.sum(dd, axis=0) / n
    return dx, dgamma, dbeta
