import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        mean = x.mean(axis=0)
        var = x.var(axis=0)
        bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * mean
        bn_param['running_var'] = momentum * running_var + (1 - momentum) * var
    else:
        mean = running_mean
        var = running_var
    std = np.sqrt(var + eps)
    xnorm = (x - mean) / std
    out = gamma * xnorm + beta
    cache = (x, mean, std, xnorm, gamma)
    return out, cache

def batchnorm_backward(dout, cache):
    x, mean, std, xnorm, gamma = cache
    N = x.shape[0]

    dgamma = (dout * xnorm).sum(axis=0)
    dbeta = dout.sum(axis=0)

    dxnorm = dout * gamma
    dmean = (dxnorm * -1 / std).sum(axis=0)
    dvar = (dxnorm * (x - mean)).sum(axis=0) * -0.5 / std**3

    dx = dxnorm / std
    dx += dvar * 2 * (x - mean) / N
    dx += dmean / N
    return dx, dgamma, dbeta
