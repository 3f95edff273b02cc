import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    mean = x.mean(axis=0)
    xc = x - mean
    var = (xc**2).mean(axis=0)
    istd = 1/np.sqrt(var + eps)
    xh = xc * istd
    return gamma*xh + beta, [xc, istd, xh, gamma]

def batchnorm_backward(dout, cache):
    xc, istd, xh, gamma = cache
    N, D = dout.shape
    dbeta = np.sum(dout, 0)
    dgamma = np.sum(dout*xh, 0)
    dxh = dout*gamma
    dvar = np.sum(dxh*xc, 0) * -.5*istd**3
    dxc = dxh*istd + 2*xc*dvar/N
    dx = dxc - np.sum(dxc, 0)/N
    return dx, dgamma, dbeta
