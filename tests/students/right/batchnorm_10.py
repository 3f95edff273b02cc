import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1/sqrtvar
    xhat = xmu*ivar
    out = gamma*xhat + beta
    cache = (gamma, xhat, ivar, sqrtvar, xmu)
    return out, cache

def batchnorm_backward(dout, cache):
    gamma, xhat, ivar, sqrtvar, xmu = cache
    N, D = dout.shape

    dbeta = dout.sum(axis=0)
    dgamma = (dout*xhat).sum(axis=0)
    dxhat = dout*gamma

    # xmu gets gradient from two places
    dxmu = dxhat*ivar
    divar = (dxhat*xmu).sum(axis=0)
    dsqrtvar = -divar/sqrtvar**2
    dvar = 0.5*dsqrtvar/sqrtvar
    dsq = np.repeat(dvar[None, :], N, axis=0)/N
    dxmu += 2*xmu*dsq

    dx = dxmu
    dmu = -dxmu.sum(axis=0)
    dx = dx + dmu/N
    return dx, dgamma, dbeta
