import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    cache = None
    if mode == 'train':
        mu = x.mean(axis=0)
        v = x.var(axis=0)
        istd = 1. / np.sqrt(v + eps)
        x_n = (x - mu) * istd
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * v
        cache = [x_n, istd, gamma]
    elif mode == 'test':
        x_n = (x - running_mean) / np.sqrt(running_var + eps)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    out = x_n * gamma + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_n, istd, gamma = cache
    N = x_n.shape[0]
    dgamma = (dout * x_n).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_n = dout * gamma
    dx = istd * (dx_n - dx_n.sum(axis=0) / N - x_n * (dx_n * x_n).sum(axis=0) / N)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    D = x.shape[1]
    # normalise the transposed data with a trivial gamma and beta, then scale here
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
