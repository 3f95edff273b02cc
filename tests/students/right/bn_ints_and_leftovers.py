import numpy as np
from .layer_utils import *

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=np.float))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=np.float))
    out, cache = None, None
    if mode == 'train':
        mu = np.mean(x, axis=0)
        xmu = x - mu
        var = np.var(x, axis=0)
        sqrtvar = np.sqrt(var + eps)
        out = xmu / sqrtvar * gamma + beta
        #print(mu, var)
        cache = (xmu, sqrtvar, gamma, x)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    if mode == 'test':
        xmu = x - running_mean
        out = gamma * xmu / np.sqrt(running_var + eps) + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    xmu, sqrtvar, gamma, x = cache
    N, D = np.int(dout.shape[0]), np.int(dout.shape[1])
    dgamma = np.zeros(D)
    for n in range(N):
        dgamma += dout[n] * xmu[n] / sqrtvar
    dbeta = sum(dout)
    dxhat = dout * gamma
    d_unused = dxhat * sqrtvar
    dvar = -(dxhat * xmu).sum(axis=0) / (2 * sqrtvar ** 3)
    dmu = dxhat.sum(axis=0)
    dmu = -(dxhat / sqrtvar).sum(axis=0)
    dx = dxhat / sqrtvar + 2 * dvar * xmu / N + dmu / N
    return dx, dgamma, dbeta
