import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    if mode == 'train':
        sample_mean = x.mean(axis=0)
        sample_var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        x_norm = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = gamma * x_norm + beta
        cache = (gamma, x, sample_mean, sample_var, eps, x_norm)
    elif mode == 'test':
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
        cache = None
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    gamma, x, u_b, sigma_squared_b, eps, x_norm = cache
    N = x.shape[0]
    dx_1 = gamma * dout
    dx_2_b = np.sum((x - u_b) * dx_1, axis=0)
    dx_2_a = ((sigma_squared_b + eps) ** -0.5) * dx_1
    dx_3_b = (-0.5) * ((sigma_squared_b + eps) ** -1.5) * dx_2_b
    dx_5_b = np.ones_like(x) / N * dx_3_b
    dx_6_b = 2 * (x - u_b) * dx_5_b
    dx_7_a = dx_6_b + dx_2_a
    dx_8_b = -1 * np.sum(dx_7_a, axis=0)
    dx_9_b = np.ones_like(x) / N * dx_8_b
    dx = dx_9_b + dx_7_a
    dgamma = np.sum(x_norm * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
    gamma, x, u_b, sigma_squared_b, eps, x_norm = cache
    N = x.shape[0]
    dgamma = np.sum(x_norm * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = (1. / N) * gamma * (sigma_squared_b + eps) ** (-1. / 2.) * (
        N * dout
        - np.sum(dout, axis=0)
        - (x - u_b) * (sigma_squared_b + eps) ** (-1.0) * np.sum(dout * (x - u_b), axis=0))
    return dx, dgamma, dbeta
