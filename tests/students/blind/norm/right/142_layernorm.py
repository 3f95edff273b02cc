import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    phase = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    m, dim = x.shape
    run_mean = bn_param.get('running_mean', np.zeros(dim, dtype=x.dtype))
    run_var = bn_param.get('running_var', np.zeros(dim, dtype=x.dtype))
    cache = None
    if phase == 'train':
        avg_x = x.mean(axis=0)
        v = x.var(axis=0)
        istd = 1. / np.sqrt(v + eps)
        x_n = (x - avg_x) * istd
        run_mean = momentum * run_mean + (1 - momentum) * avg_x
        run_var = momentum * run_var + (1 - momentum) * v
        cache = [x_n, istd, gamma]
    elif phase == 'test':
        x_n = (x - run_mean) / np.sqrt(run_var + eps)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % phase)
    out = x_n * gamma + beta
    bn_param['running_mean'] = run_mean
    bn_param['running_var'] = run_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_n, istd, gamma = cache
    m = x_n.shape[0]
    dgamma = (dout * x_n).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_n = dout * gamma
    dx = istd * (dx_n - dx_n.sum(axis=0) / m - x_n * (dx_n * x_n).sum(axis=0) / m)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    dim = x.shape[1]
    param = {'mode': 'train', 'eps': ln_param.get('eps', 1e-5)}
    n = x.shape[0]
    x_n, bn_cache = batchnorm_forward(x.T, np.ones(n), np.zeros(n), param)
    x_n = x_n.T
    return gamma * x_n + beta, (bn_cache, x_n, gamma)


def layernorm_backward(dout, cache):
    bn_cache, x_n, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_n).sum(axis=0)
    dx, _, _ = batchnorm_backward((dout * gamma).T, bn_cache)
    dx = dx.T
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    m, C, H, W = x.shape
    x2 = x.swapaxes(1, 3).reshape(-1, C)
    out, cache = batchnorm_forward(x2, gamma, beta, bn_param)
    out = out.reshape(m, W, H, C).swapaxes(1, 3)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    m, C, H, W = dout.shape
    d2 = dout.swapaxes(1, 3).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(d2, cache)
    dx = dx.reshape(m, W, H, C).swapaxes(1, 3)
    return dx, dgamma, dbeta
