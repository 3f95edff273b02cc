import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    running_mean = bn_param.get('running_mean', np.zeros(C))
    running_var = bn_param.get('running_var', np.zeros(C))

    gamma_b = gamma.reshape(1, C, 1, 1)
    beta_b = beta.reshape(1, C, 1, 1)
    if mode == 'train':
        mu = np.mean(x, axis=(0, 2, 3)).reshape(1, C, 1, 1)
        var = np.var(x, axis=(0, 2, 3)).reshape(1, C, 1, 1)
        xhat = (x - mu) / np.sqrt(var + eps)
        out = gamma_b * xhat + beta_b
        running_mean = momentum * running_mean + (1 - momentum) * mu.ravel()
        running_var = momentum * running_var + (1 - momentum) * var.ravel()
        bn_param['running_mean'] = running_mean
        bn_param['running_var'] = running_var
        cache = (x, mu, var, xhat, gamma_b, eps)
    else:
        mu = running_mean.reshape(1, C, 1, 1)
        var = running_var.reshape(1, C, 1, 1)
        xhat = (x - mu) / np.sqrt(var + eps)
        out = gamma_b * xhat + beta_b
        cache = (mu, var, gamma_b, beta_b)
    return out, cache

def spatial_batchnorm_backward(dout, cache):
    x, mu, var, xhat, gamma_b, eps = cache
    N, C, H, W = dout.shape
    m = N * H * W

    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))

    dxhat = dout * gamma_b
    dvar = np.sum(dxhat * (x - mu), axis=(0, 2, 3)).reshape(1, C, 1, 1) * -0.5 * np.power(var + eps, -1.5)
    dmu = np.sum(-dxhat / np.sqrt(var + eps), axis=(0, 2, 3)).reshape(1, C, 1, 1)
    dx = dxhat / np.sqrt(var + eps) + 2 * dvar * (x - mu) / m + dmu / m
    return dx, dgamma, dbeta
