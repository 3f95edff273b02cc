import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    x = x.reshape((N, G, C // G, H, W))
    AXES = (2, 3, 4)
    mean = np.mean(x, axis=AXES, keepdims=True)
    var = np.var(x, axis=AXES, keepdims=True)
    x_norm = (x - mean) / np.sqrt(var + eps)
    x_norm = x_norm.reshape((N, C, H, W))
    out = x_norm * gamma + beta
    cache = (x_norm, np.sqrt(var + eps), gamma, G, AXES)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    x_norm, std, gamma, G, AXES = cache
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dx_norm = (dout * gamma).reshape((N, G, C // G, H, W))
    x_norm = x_norm.reshape((N, G, C // G, H, W))
    dx = dx_norm - dx_norm.mean(axis=AXES, keepdims=True)
    dx = dx - x_norm * np.mean(dx_norm * x_norm, axis=AXES, keepdims=True)
    dx = dx / std
    dx = dx.reshape((N, C, H, W))
    return dx, dgamma, dbeta
