import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param['mode'], bn_param.get('eps', 1e-5)
    mom = bn_param.get('momentum', 0.9)
    C = x.shape[1]
    g, b = gamma.reshape(1, 1, 1, C), beta.reshape(1, 1, 1, C)
    t = x.transpose(0, 2, 3, 1)
    if mode == 'train':
        mean = t.mean(axis=(0, 1, 2))
        var = t.var(axis=(0, 1, 2))
        for key, new in (('running_mean', mean), ('running_var', var)):
            bn_param[key] = mom * bn_param.get(key, np.zeros(C)) + (1 - mom) * new
    else:
        mean, var = bn_param['running_mean'], bn_param['running_var']
    std = np.sqrt(var + eps)
    hat = (t - mean) / std
    out = (g * hat + b).transpose(0, 3, 1, 2)
    return out, (hat, std, gamma)


def spatial_batchnorm_backward(dout, cache):
    hat, std, gamma = cache
    N, C, H, W = dout.shape
    M = N * H * W
    t = dout.transpose(0, 2, 3, 1)
    dbeta = t.sum(axis=(0, 1, 2))
    dgamma = (t * hat).sum(axis=(0, 1, 2))
    d = gamma / std * (t - dbeta / M - hat * dgamma / M)
    d = d.transpose(0, 3, 1, 2)
    return d, dgamma, dbeta
