import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """No call of batchnorm here: mean and variance per channel."""
    N, C, H, W = x.shape
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    running_mean = bn_param.get('running_mean', np.zeros(C, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(C, dtype=x.dtype))
    cache = None
    if mode == 'train':
        mu = (1. / (N * H * W) * np.sum(x, axis=(0, 2, 3))).reshape(1, C, 1, 1)
        var = (1. / (N * H * W) * np.sum((x - mu) ** 2, axis=(0, 2, 3))).reshape(1, C, 1, 1)
        xhat = (x - mu) / np.sqrt(eps + var)
        out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
        running_mean = momentum * running_mean + (1. - momentum) * np.squeeze(mu)
        running_var = momentum * running_var + (1. - momentum) * np.squeeze(var)
        cache = (mu, var, x, xhat, gamma, beta, eps)
    else:
        mu = running_mean.reshape(1, C, 1, 1)
        var = running_var.reshape(1, C, 1, 1)
        xhat = (x - mu) / np.sqrt(eps + var)
        out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    mu, var, x, xhat, gamma, beta, eps = cache
    N, C, H, W = dout.shape
    gamma = gamma.reshape(1, C, 1, 1)
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    Nt = N * H * W
    dx = (1. / Nt) * gamma * (var + eps) ** (-1. / 2.) * (
        Nt * dout
        - np.sum(dout, axis=(0, 2, 3)).reshape(1, C, 1, 1)
        - (x - mu) * (var + eps) ** (-1.0) * np.sum(dout * (x - mu), axis=(0, 2, 3)).reshape(1, C, 1, 1))
    return dx, dgamma, dbeta
