import numpy as np


def _bn_core(x, eps):
    """normalises every column of x, returns what backward needs"""
    mean = np.mean(x, axis=0)
    xmu = x - mean
    var = np.mean(np.square(xmu), axis=0)
    std = np.sqrt(var + eps)
    return xmu / std, (mean, xmu, var, std)


def _bn_core_backward(dxhat, core):
    mean, xmu, var, std = core
    rows = dxhat.shape[0]
    dxmu1 = dxhat / std
    dstd = np.sum(dxhat * xmu, axis=0) * (-1.0 / std ** 2)
    dvar = dstd * 0.5 / std
    dxmu2 = 2.0 * xmu * dvar / rows
    dxmu = dxmu1 + dxmu2
    return dxmu - np.mean(dxmu, axis=0)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    cache = None
    if mode == 'train':
        xhat, core = _bn_core(x, eps)
        running_mean = momentum * running_mean + (1 - momentum) * core[0]
        running_var = momentum * running_var + (1 - momentum) * core[2]
        cache = (xhat, gamma, core)
    elif mode == 'test':
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return gamma * xhat + beta, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, core = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = _bn_core_backward(dout * gamma, core)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    xhat_t, core = _bn_core(x.T, eps)
    xhat = xhat_t.T
    out = gamma * xhat + beta
    return out, (xhat, gamma, core)


def layernorm_backward(dout, cache):
    xhat, gamma, core = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    dx = _bn_core_backward(dxhat.T, core).T
    return dx, dgamma, dbeta
