import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    phase, eps = bn_param['mode'], bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    m, dim = x.shape
    bn_param.setdefault('running_mean', np.zeros(dim))
    bn_param.setdefault('running_var', np.zeros(dim))
    if phase == 'test':
        x_std = (x - bn_param['running_mean']) / np.sqrt(bn_param['running_var'] + eps)
        return gamma * x_std + beta, None
    elif phase != 'train':
        raise ValueError('Invalid forward batchnorm mode "%s"' % phase)

    mean = x.sum(axis=0) / m
    xc = x - mean
    v_x = (xc * xc).sum(axis=0) / m
    sqrtvar = np.sqrt(v_x + eps)
    ivar = 1.0 / sqrtvar
    x_std = xc * ivar
    out = gamma * x_std
    out += beta

    for key, val in (('running_mean', mean), ('running_var', v_x)):
        bn_param[key] = momentum * bn_param[key] + (1 - momentum) * val
    cache = [xc, sqrtvar, ivar, x_std, gamma]
    return out, cache


def batchnorm_backward(dout, cache):
    xc, sqrtvar, ivar, x_std, gamma = cache
    m = dout.shape[0]

    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_std).sum(axis=0)
    dx_norm = dout * gamma

    d_xc = dx_norm * ivar
    divar = (dx_norm * xc).sum(axis=0)

    dsqrtvar = -divar / (sqrtvar ** 2)

    gvar = dsqrtvar / (2 * sqrtvar)

    d_xc += 2 * xc * gvar / m

    dx = d_xc.copy()
    d_avg = -d_xc.sum(axis=0)

    dx += d_avg / m
    return dx, dgamma, dbeta
