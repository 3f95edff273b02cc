import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    N, D = x.shape
    mu = np.sum(x, axis=0) / N
    xmu = x - mu
    var = np.sum(xmu ** 2, axis=0) / N
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    out = gamma * xhat + beta
    return out, (xmu, var, sqrtvar, xhat, gamma, eps)

def batchnorm_backward(dout, cache):
    xmu, var, sqrtvar, xhat, gamma, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dsqrtvar = np.sum(dxhat * xmu, axis=0) * -1 / sqrtvar ** 2
    dvar = dsqrtvar / (2 * np.sqrt(var + eps))
    dsq = np.ones((N, D)) * dvar / N
    dxmu = dxhat / sqrtvar + 2 * xmu * dsq
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + np.ones((N, D)) * dmu / N
    return dx, dgamma, dbeta
