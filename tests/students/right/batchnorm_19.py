import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    m = np.mean(x, axis=0)
    v = np.var(x, axis=0)
    xn = (x - m) / np.sqrt(v + eps)
    return gamma * xn + beta, (x, xn, m, v, gamma, eps)

def batchnorm_backward(dout, cache):
    x, xn, m, v, gamma, eps = cache
    n = x.shape[0]
    s = np.sqrt(v + eps)
    dxn = gamma * dout
    dv = np.sum(dxn * (x - m), axis=0) / (-2 * s**3)
    dm = -np.sum(dxn, axis=0) / s
    dx = dxn / s + 2 * dv * (x - m) / n + dm / n
    dgamma = np.sum(xn * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
