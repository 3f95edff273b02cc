import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    if mode == 'train':
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        x_normalized = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = x_normalized * gamma + beta
        cache = (x, x_normalized, sample_mean, sample_var, eps, gamma)
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        bn_param['running_mean'], bn_param['running_var'] = running_mean, running_var
    elif mode == 'test':
        scale = gamma / np.sqrt(running_var + eps)
        out = x * scale + (beta - running_mean * scale)
        cache = None
    return out, cache


def batchnorm_backward(dout, cache):
    x, x_normalized, sample_mean, sample_var, eps, gamma = cache
    m = x.shape[0]

    dx_normalized = dout * gamma
    dsample_var = np.sum(dx_normalized * (x - sample_mean), axis=0) * (-1 / 2) * (sample_var + eps) ** (-3 / 2)
    dsample_mean = np.sum(dx_normalized * (-1) / np.sqrt(sample_var + eps), axis=0) \
        + dsample_var * np.sum(-2 * (x - sample_mean), axis=0) / m
    dx = dx_normalized / np.sqrt(sample_var + eps) \
        + dsample_var * 2 * (x - sample_mean) / m \
        + dsample_mean / m
    dgamma = np.sum(dout * x_normalized, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
