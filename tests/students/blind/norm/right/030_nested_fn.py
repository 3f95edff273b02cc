import numpy as np
import math


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]

    def ema(old, new):
        return momentum * old + (1 - momentum) * new

    rmean = bn_param.get('running_mean', np.zeros(D))
    rvar = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        mean, var = np.mean(x, axis=0), np.var(x, axis=0)
        rmean, rvar = ema(rmean, mean), ema(rvar, var)
    elif mode == 'test':
        mean, var = rmean, rvar
    bn_param['running_mean'] = rmean
    bn_param['running_var'] = rvar

    rstd = 1 / np.sqrt(var + eps)
    centered = x - mean
    normalized = centered * rstd
    out = np.add(np.multiply(gamma, normalized), beta)

    def backprop(dout):
        n = dout.shape[0]
        dnormalized = dout * gamma
        drstd = np.sum(dnormalized * centered, axis=0)
        dvar = drstd * (-0.5) * np.power(var + eps, -1.5)
        dcentered = dnormalized * rstd + centered * (2 / n) * dvar
        dx = dcentered - dcentered.mean(axis=0)
        return dx, np.sum(dout * normalized, axis=0), np.sum(dout, axis=0)

    return out, backprop


def batchnorm_backward(dout, cache):
    return cache(dout)
