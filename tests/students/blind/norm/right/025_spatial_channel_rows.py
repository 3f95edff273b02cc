import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    rows = x.transpose(1, 0, 2, 3).reshape(C, -1)
    if mode == 'train':
        mu = rows.mean(axis=1)
        var = rows.var(axis=1)
        old_mean = bn_param.get('running_mean', np.zeros(C))
        old_var = bn_param.get('running_var', np.zeros(C))
        bn_param['running_mean'] = momentum * old_mean + (1 - momentum) * mu
        bn_param['running_var'] = momentum * old_var + (1 - momentum) * var
    elif mode == 'test':
        mu = bn_param['running_mean']
        var = bn_param['running_var']
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    std = np.sqrt(var + eps)[:, None]
    xhat = (rows - mu[:, None]) / std
    y = gamma[:, None] * xhat + beta[:, None]
    out = y.reshape(C, N, H, W).transpose(1, 0, 2, 3)
    return out, (xhat, std, gamma)


def spatial_batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    N, C, H, W = dout.shape
    dy = dout.transpose(1, 0, 2, 3).reshape(C, -1)
    dgamma = (dy * xhat).sum(axis=1)
    dbeta = dy.sum(axis=1)
    dxhat = dy * gamma[:, None]
    M = dy.shape[1]
    drows = (dxhat - dxhat.sum(axis=1, keepdims=True) / M
             - xhat * (dxhat * xhat).sum(axis=1, keepdims=True) / M) / std
    dx = drows.reshape(C, N, H, W).transpose(1, 0, 2, 3)
    return dx, dgamma, dbeta
