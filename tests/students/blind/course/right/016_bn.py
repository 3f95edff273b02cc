import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization, forward.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    cache = {}
    if mode == 'train':
        mu = x.mean(axis=0)
        xmu = x - mu
        carre = xmu ** 2
        var = carre.mean(axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1. / sqrtvar
        xhat = xmu * ivar
        gammax = gamma * xhat
        out = gammax + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        for k in ('xmu', 'ivar', 'sqrtvar', 'xhat', 'gamma'):
            cache[k] = locals()[k]
    elif mode == 'test':
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError(mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """
    Batch normalization, backward. Draw the graph and go back node by node.
    """
    N, D = dout.shape
    xmu, ivar, sqrtvar = cache['xmu'], cache['ivar'], cache['sqrtvar']
    xhat, gamma = cache['xhat'], cache['gamma']

    dbeta = dout.sum(axis=0)
    dgamma = (xhat * dout).sum(axis=0)
    dxhat = gamma * dout
    divar = (dxhat * xmu).sum(axis=0)
    dxmu = dxhat * ivar
    dsqrtvar = divar * (-1. / sqrtvar ** 2)
    dvar = dsqrtvar * 0.5 * ivar
    dcarre = np.ones((N, D)) / N * dvar
    dxmu += dcarre * 2 * xmu
    dmu = -dxmu.sum(axis=0)
    dx = dxmu + np.ones((N, D)) / N * dmu
    return dx, dgamma, dbeta
