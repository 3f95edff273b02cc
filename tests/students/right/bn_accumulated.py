import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    out = gamma * xhat + beta
    return out, {"gamma": gamma, "xmu": xmu, "sqrtvar": sqrtvar, "xhat": xhat}


def batchnorm_backward(dout, cache):
    gamma, xmu, sqrtvar, xhat = cache["gamma"], cache["xmu"], cache["sqrtvar"], cache["xhat"]
    N, D = dout.shape

    dx, dxmu = np.zeros((N, D)), np.zeros((N, D))
    dsqrtvar, dvar, dmu = np.zeros(D), np.zeros(D), np.zeros(D)
    dgamma, dbeta = np.zeros(D), np.zeros(D)

    dbeta += dout.sum(axis=0)
    dgamma += (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dxmu += dxhat / sqrtvar
    dsqrtvar -= (dxhat * xmu).sum(axis=0) / sqrtvar ** 2
    dvar += dsqrtvar / (2 * sqrtvar)
    dxmu += dvar * 2 * xmu / N
    dx += dxmu
    dmu -= dxmu.sum(axis=0)
    dx += dmu / N
    return dx, dgamma, dbeta
