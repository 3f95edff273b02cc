import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    if mode == 'train':
        mu = np.mean(x, axis=0)
        sigma2 = np.var(x, axis=0)
        sigma = np.sqrt(sigma2 + eps)
        z = (x - mu) / sigma
        out = gamma * z + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * sigma2
        cache = dict(z=z, sigma=sigma, gamma=gamma, xmu=x - mu)
    elif mode == 'test':
        z = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * z + beta
        cache = None
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    z, sigma, gamma, xmu = cache['z'], cache['sigma'], cache['gamma'], cache['xmu']
    m = dout.shape[0]
    dz = dout * gamma
    dsigma = np.sum(dz * xmu * (-sigma ** (-2.0)), axis=0)
    dmu = np.sum(-dz / sigma, axis=0)
    # sigma**2 = sum(xmu**2)/m  =>  dsigma/dx = xmu/(m*sigma)
    dx = dz / sigma + dsigma * xmu / (m * sigma) + dmu / m
    dgamma = np.sum(dout * z, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    x_last = np.moveaxis(x, 1, -1)
    shape = x_last.shape
    out, bn_cache = batchnorm_forward(x_last.reshape(-1, shape[-1]), gamma, beta, bn_param)
    out = np.moveaxis(out.reshape(shape), -1, 1)
    return out, (bn_cache, shape)

def spatial_batchnorm_backward(dout, cache):
    bn_cache, shape = cache
    dout_last = np.moveaxis(dout, 1, -1).reshape(-1, shape[-1])
    dx, dgamma, dbeta = batchnorm_backward(dout_last, bn_cache)
    dx = np.moveaxis(dx.reshape(shape), -1, 1)
    return dx, dgamma, dbeta
