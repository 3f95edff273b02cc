import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(C))
    running_var = bn_param.get('running_var', np.zeros(C))
    g = gamma.reshape(1, C, 1, 1)
    b = beta.reshape(1, C, 1, 1)
    cache = None
    if mode == 'train':
        m = N * H * W
        mu = np.sum(x, axis=(0, 2, 3)) / m
        xc = x - mu.reshape(1, C, 1, 1)
        var = np.sum(xc ** 2, axis=(0, 2, 3)) / m
        std = np.sqrt(var + eps).reshape(1, C, 1, 1)
        xh = xc / std
        out = g * xh + b
        running_mean = momentum * running_mean + (1.0 - momentum) * mu
        running_var = momentum * running_var + (1.0 - momentum) * var
        cache = (xh, xc, std, g, m)
    else:
        mu = running_mean.reshape(1, C, 1, 1)
        std = np.sqrt(running_var.reshape(1, C, 1, 1) + eps)
        out = g * (x - mu) / std + b
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    xh, xc, std, g, m = cache
    dgamma = np.sum(dout * xh, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dxh = dout * g
    dvar = np.sum(dxh * xc * -0.5 * std ** -3, axis=(0, 2, 3), keepdims=True)
    dmu = np.sum(-dxh / std, axis=(0, 2, 3), keepdims=True)
    dx = dxh / std + dvar * 2.0 * xc / m + dmu / m
    return dx, dgamma, dbeta
