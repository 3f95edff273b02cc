from builtins import range
import numpy as np
from .layer_utils import *


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == 'train':
        sample_mean = np.zeros(D)
        for i in range(N):
            sample_mean += x[i]
        sample_mean /= N
        sample_var = np.zeros(D)
        for i in range(N):
            sample_var += (x[i] - sample_mean) ** 2
        sample_var /= N
        x_hat = np.zeros_like(x)
        out = np.zeros_like(x)
        for i in range(N):
            x_hat[i] = (x[i] - sample_mean) / np.sqrt(sample_var + eps)
            out[i] = gamma * x_hat[i] + beta
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        cache = {}
        cache['x'] = x
        cache['mean'] = sample_mean
        cache['var'] = sample_var
        cache['x_hat'] = x_hat
        cache['gamma'] = gamma
        cache['eps'] = eps
    elif mode == 'test':
        std = np.sqrt(running_var + eps)
        out = (x - running_mean) / std * gamma + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x = cache['x']
    mean = cache['mean']
    var = cache['var']
    x_hat = cache['x_hat']
    gamma = cache['gamma']
    eps = cache['eps']
    N, D = dout.shape
    # equations (paper, p. 4)
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * (x - mean), axis=0) * (-0.5) * (var + eps) ** (-1.5)
    dmean = np.sum(dx_hat, axis=0) * (-1.0 / np.sqrt(var + eps))
    dmean += dvar * np.mean(-2.0 * (x - mean), axis=0)
    dx = dx_hat / np.sqrt(var + eps)
    dx += dvar * 2.0 * (x - mean) / N
    dx += dmean / N
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
