import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    if mode == 'train':
        mean = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
        x_centered = x - mean
        inv_std = 1. / np.sqrt(var + eps)
        x_hat = x_centered * inv_std
        out = gamma * x_hat + beta
        cache = (x_centered, inv_std, x_hat, gamma)
    elif mode == 'test':
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
        cache = None
    else:
        raise ValueError('mode is neither train nor test')
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    x_centered, inv_std, x_hat, gamma = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    dinv_std = (dx_hat * x_centered).sum(axis=0)
    dvar = -0.5 * dinv_std * inv_std ** 3
    dx_centered = dx_hat * inv_std + dvar * 2. / N * x_centered
    dx = dx_centered - dx_centered.mean(axis=0)
    return dx, dgamma, dbeta

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    x_new = np.transpose(x, (0, 2, 3, 1)).reshape((N * H * W, C))
    out, cache = batchnorm_forward(x_new, gamma, beta, bn_param)
    out = np.transpose(out.reshape((N, H, W, C)), (0, 3, 1, 2))
    return out, cache

def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dout_new = np.transpose(dout, (0, 2, 3, 1)).reshape((N * H * W, C))
    dx, dgamma, dbeta = batchnorm_backward(dout_new, cache)
    dx = np.transpose(dx.reshape((N, H, W, C)), (0, 3, 1, 2))
    return dx, dgamma, dbeta
