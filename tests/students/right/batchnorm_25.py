import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))

    if mode == 'train':
        mu = np.sum(x, axis=0) / N
        x_mu = x - mu
        var = np.sum(x_mu ** 2, axis=0) / N
        sqrt_var = np.sqrt(var + eps)
        inv = 1 / sqrt_var
        x_hat = x_mu * inv
        out = x_hat * gamma + beta
        cache = x_mu, sqrt_var, inv, x_hat, gamma
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        bn_param.update(running_mean=running_mean, running_var=running_var)
    elif mode == 'test':
        out = (x - running_mean) / np.sqrt(running_var + eps) * gamma + beta
        cache = None
    return out, cache

def batchnorm_backward(dout, cache):
    x_mu, sqrt_var, inv, x_hat, gamma = cache
    N, D = dout.shape
    dbeta = dout.sum(0)
    dgamma = (dout * x_hat).sum(0)
    dx_hat = dout * gamma
    dinv = (dx_hat * x_mu).sum(0)
    dx_mu = dx_hat * inv
    dsqrt_var = -dinv / sqrt_var ** 2
    dvar = .5 * dsqrt_var / sqrt_var
    dx_mu += 2 * x_mu * dvar / N
    dx = dx_mu - dx_mu.sum(0) / N
    return dx, dgamma, dbeta
