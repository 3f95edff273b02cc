import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    # unpack the dictionary
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    cache = {}
    if mode == 'train':
        # mean of mini-batch, shape (D,)
        mean = np.mean(x, axis=0)
        # E[x^2] - E[x]^2 loses digits, so subtract first
        x_shift = x - mean
        var = np.mean(x_shift ** 2, axis=0)
        x_normalized = x_shift / np.sqrt(var + eps)
        out = gamma * x_normalized + beta

        cache['x'] = x
        cache['mean'] = mean
        cache['var'] = var
        cache['eps'] = eps
        cache['gamma'] = gamma
        cache['beta'] = beta
        cache['x_normalized'] = x_normalized

        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        x_normalized = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_normalized + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    # write back
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x = cache['x']
    mean = cache['mean']
    var = cache['var']
    eps = cache['eps']
    gamma = cache['gamma']
    x_normalized = cache['x_normalized']
    N = x.shape[0]

    # dL/dbeta and dL/dgamma
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_normalized, axis=0)
    # dL/dx_normalized
    dx_normalized = gamma * dout
    # dL/dvar
    dvar = np.sum(dx_normalized * (x - mean), axis=0)
    dvar *= -0.5 * (var + eps) ** (-3.0 / 2)
    # dL/dmean
    dmean = -np.sum(dx_normalized, axis=0) / np.sqrt(var + eps)
    dmean += dvar * np.mean(-2.0 * (x - mean), axis=0)
    # dL/dx: three paths
    path1 = dx_normalized / np.sqrt(var + eps)
    path2 = dvar * 2.0 * (x - mean) / N
    path3 = dmean / N
    dx = path1 + path2 + path3
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x_normalized = cache['x_normalized']
    gamma = cache['gamma']
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(x_normalized * dout, axis=0)
    a = gamma * dout
    b = np.sum(a, axis=0) / N
    c = x_normalized * np.sum(a * x_normalized, axis=0) / N
    dx = (a - b - c) * (cache['var'] + cache['eps']) ** -0.5
    return dx, dgamma, dbeta
