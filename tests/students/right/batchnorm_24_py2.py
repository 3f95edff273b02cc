import numpy as np

# debugging helper, remove later
def show(name, v):
    print name, v.shape, np.abs(v).max()

def batchnorm_forward(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    ivar = 1. / np.sqrt(var + eps)
    xhat = (x - mu) * ivar
    return gamma * xhat + beta, (xhat, ivar, gamma)

def batchnorm_backward(dout, cache):
    xhat, ivar, gamma = cache
    N, D = dout.shape
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for i in xrange(N):
        dgamma += dout[i] * xhat[i]
        dbeta += dout[i]
    dx = gamma * ivar * (dout - (1. / N) * (dbeta + xhat * dgamma))
    show('dx', dx)
    return dx, dgamma, dbeta
