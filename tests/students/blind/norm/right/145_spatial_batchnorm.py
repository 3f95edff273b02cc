from builtins import range
import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """
    Spatial batch norm without going through the vanilla version.
    """
    mode = bn_param.get('mode', 'train')
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    C = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(C))
    running_var = bn_param.get('running_var', np.zeros(C))
    g = gamma[None, :, None, None]
    b = beta[None, :, None, None]
    out, cache = None, None
    if mode == 'train':
        sample_mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
        sample_var = np.var(x, axis=(0, 2, 3), keepdims=True)
        x_normalized = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = g * x_normalized + b
        running_mean = momentum * running_mean + (1 - momentum) * np.mean(x, axis=(0, 2, 3))
        running_var = momentum * running_var + (1 - momentum) * np.var(x, axis=(0, 2, 3))
        bn_param['running_mean'] = running_mean
        bn_param['running_var'] = running_var
        cache = (x_normalized, g, sample_var, eps)
    else:
        x_normalized = (x - running_mean[None, :, None, None]) / np.sqrt(running_var[None, :, None, None] + eps)
        out = g * x_normalized + b
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    x_normalized, g, sample_var, eps = cache
    dgamma = np.sum(dout * x_normalized, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    N, C, H, W = dout.shape
    count = N * H * W
    dx_normalized = dout * g
    total = np.sum(dx_normalized, axis=(0, 2, 3), keepdims=True)
    proj = np.sum(dx_normalized * x_normalized, axis=(0, 2, 3), keepdims=True)
    dx = (dx_normalized - total / count - x_normalized * proj / count) / np.sqrt(sample_var + eps)
    return dx, dgamma, dbeta
