import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param['mode'], bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    cache = None

    if mode == 'train':
        mean = np.mean(x, axis = 0)
        var = np.var(x, axis = 0)
        x_normalized = (x - mean) / np.sqrt(var + eps)
        out = x_normalized * gamma + beta
        running_mean = momentum*running_mean + (1-momentum)*mean
        running_var = momentum*running_var + (1-momentum)*var
        cache = (x, mean, var, eps, gamma, x_normalized)
    else:
        x_normalized = (x - running_mean) / np.sqrt(running_var + eps)
        out = x_normalized * gamma + beta

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    x, mean, var, eps, gamma, x_normalized = cache
    N = x.shape[0]
    dbeta = dout.sum(axis = 0)
    dgamma = (x_normalized * dout).sum(axis = 0)
    dx_normalized = gamma * dout
    dvar = (dx_normalized * (x - mean)).sum(axis = 0) * (-0.5) * (var + eps)**(-1.5)
    dmean = -dx_normalized.sum(axis = 0) / np.sqrt(var + eps)
    dx = dx_normalized / np.sqrt(var + eps) + 2 * dvar * (x - mean) / N + dmean / N
    return dx, dgamma, dbeta
