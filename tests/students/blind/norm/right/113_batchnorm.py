import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param['mode'], bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    bn_param.setdefault('running_mean', np.zeros(D))
    bn_param.setdefault('running_var', np.zeros(D))
    if mode == 'test':
        x_norm = (x - bn_param['running_mean']) / np.sqrt(bn_param['running_var'] + eps)
        return gamma * x_norm + beta, None
    elif mode != 'train':
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    mean = x.sum(axis=0) / N
    xmu = x - mean
    var = (xmu * xmu).sum(axis=0) / N
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    x_norm = xmu * ivar
    out = gamma * x_norm
    out += beta

    for key, val in (('running_mean', mean), ('running_var', var)):
        bn_param[key] = momentum * bn_param[key] + (1 - momentum) * val
    cache = [xmu, sqrtvar, ivar, x_norm, gamma]
    return out, cache


def batchnorm_backward(dout, cache):
    xmu, sqrtvar, ivar, x_norm, gamma = cache
    N = dout.shape[0]

    # out = gamma * x_norm + beta
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma

    # x_norm = xmu * ivar
    dxmu = dx_norm * ivar
    divar = (dx_norm * xmu).sum(axis=0)

    # ivar = 1 / sqrtvar
    dsqrtvar = -divar / (sqrtvar ** 2)

    # sqrtvar = sqrt(var + eps)
    dvar = dsqrtvar / (2 * sqrtvar)

    # var = mean(xmu ** 2)
    dxmu += 2 * xmu * dvar / N

    # xmu = x - mean
    dx = dxmu.copy()
    dmean = -dxmu.sum(axis=0)

    # mean = sum(x) / N
    dx += dmean / N
    return dx, dgamma, dbeta
