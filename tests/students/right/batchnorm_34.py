import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        mean, var = np.mean(x, axis=0), np.var(x, axis=0)
        denom = np.sqrt(var + eps)
        x_hat = (x - mean) / denom
        bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * mean
        bn_param['running_var'] = momentum * running_var + (1 - momentum) * var
        cache = [x_hat, gamma, denom]
    else:
        cache = None
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    return gamma * x_hat + beta, cache

def batchnorm_backward(dout, cache):
    x_hat, gamma, denom = cache
    N = dout.shape[0]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_hat = dout * gamma
    t1 = N * dx_hat
    t2 = np.sum(dx_hat, axis=0)
    t3 = x_hat * np.sum(dx_hat * x_hat, axis=0)
    dx = (t1 - t2 - t3) / (N * denom)
    return dx, dgamma, dbeta
