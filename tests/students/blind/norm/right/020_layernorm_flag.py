import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    layernorm = bn_param.get('layernorm', 0)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        std = np.sqrt(var + eps)
        x_hat = (x - mu) / std
        # gamma and beta come as columns when layernorm calls us
        out = gamma * x_hat + beta
        cache = (x_hat, std, gamma, layernorm)
        if layernorm == 0:
            running_mean = momentum * running_mean + (1 - momentum) * mu
            running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward_alt(dout, cache):
    x_hat, std, gamma, axis = cache
    N = dout.shape[0]
    dgamma = np.sum(dout * x_hat, axis=axis)
    dbeta = np.sum(dout, axis=axis)
    dx_hat = gamma * dout
    dx = dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)
    dx = dx / std
    return dx, dgamma, dbeta


def batchnorm_backward(dout, cache):
    # ok to reuse, they are the same function after all
    return batchnorm_backward_alt(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    bn_param = dict(ln_param)
    bn_param['mode'] = 'train'
    bn_param['layernorm'] = 1
    out, cache = batchnorm_forward(x.T, gamma[:, None], beta[:, None], bn_param)
    return out.T, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward_alt(dout.T, cache)
    return dx.T, dgamma, dbeta
