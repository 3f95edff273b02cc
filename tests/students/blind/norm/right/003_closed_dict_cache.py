import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    cache = {}
    if mode == 'train':
        mu = x.mean(0)
        xc = x - mu
        var = (xc ** 2).mean(0)
        inv_std = 1 / np.sqrt(var + eps)
        xn = xc * inv_std
        out = xn * gamma + beta

        bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * mu
        bn_param['running_var'] = momentum * running_var + (1 - momentum) * var
        cache['xn'] = xn
        cache['inv_std'] = inv_std
        cache['gamma'] = gamma
    elif mode == 'test':
        scale = gamma / np.sqrt(running_var + eps)
        out = x * scale + (beta - running_mean * scale)
    else:
        raise ValueError(mode)
    return out, cache

def batchnorm_backward(dout, cache):
    xn = cache['xn']
    N = len(xn)
    dbeta = dout.sum(0)
    dgamma = (xn * dout).sum(0)
    dxn = dout * cache['gamma']
    dx = cache['inv_std'] / N * (N * dxn - dxn.sum(0) - xn * (dxn * xn).sum(0))
    return dx, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
    # same thing with gamma pulled out of the bracket
    xn, inv_std, gamma = cache['xn'], cache['inv_std'], cache['gamma']
    dgamma = np.sum(xn * dout, 0)
    dbeta = np.sum(dout, 0)
    dx = gamma * inv_std * (dout - (dbeta + xn * dgamma) / xn.shape[0])
    return dx, dgamma, dbeta
