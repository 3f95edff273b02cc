import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    rm = bn_param.get('running_mean', np.zeros(C))
    rv = bn_param.get('running_var', np.zeros(C))
    flat = np.moveaxis(x, 1, -1).reshape(-1, C)
    if bn_param['mode'] == 'train':
        mean, var = flat.mean(0), flat.var(0)
        bn_param['running_mean'] = momentum * rm + (1 - momentum) * mean
        bn_param['running_var'] = momentum * rv + (1 - momentum) * var
    else:
        mean, var = rm, rv
    ivar = 1. / np.sqrt(var + eps)
    hat = (flat - mean) * ivar
    out = gamma * hat + beta
    return np.moveaxis(out.reshape(N, H, W, C), -1, 1), (hat, ivar, gamma)


def spatial_batchnorm_backward(dout, cache):
    hat, ivar, gamma = cache
    N, C, H, W = dout.shape
    d = np.moveaxis(dout, 1, -1).reshape(-1, C)
    dbeta = d.sum(0)
    dgamma = (d * hat).sum(0)
    d = d * gamma
    d = ivar * (d - d.mean(0) - hat * (d * hat).mean(0))
    dx = np.moveaxis(d.reshape(N, H, W, C), -1, 1)
    return dx, dgamma, dbeta
