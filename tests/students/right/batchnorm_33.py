import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    out = None
    cache = None
    if mode == 'train':
        mean = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        x_centered = x - mean
        std = np.sqrt(var + eps)
        x_norm = x_centered / std
        # and stretch it again
        out = gamma * x_norm + beta
        cache = (x_norm, x_centered, std, gamma)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    N = dout.shape[0]
    x_norm, x_centered, std, gamma = cache

    dgamma = (dout * x_norm).sum(axis=0)
    dbeta = dout.sum(axis=0)

    dx_norm = dout * gamma
    dvar = (dx_norm * x_centered).sum(axis=0) * -0.5 * std ** -3
    dmean = -(dx_norm / std).sum(axis=0)
    dx = dx_norm / std + dvar * 2 * x_centered / N + dmean / N
    return dx, dgamma, dbeta
