import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = (N, G, C // G, H, W)
    x_group = x.reshape(size)
    mean = x_group.mean(axis=(2, 3, 4), keepdims=True)
    var = x_group.var(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + eps)
    x_group = (x_group - mean) / std
    x_norm = x_group.reshape(N, C, H, W)
    out = gamma * x_norm + beta
    cache = (x_norm, std, gamma, size)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    x_norm, std, gamma, size = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dx_norm = (dout * gamma).reshape(size)
    xn = x_norm.reshape(size)
    M = size[2] * H * W
    s1 = np.sum(dx_norm, axis=(2, 3, 4), keepdims=True)
    s2 = np.sum(dx_norm * xn, axis=(2, 3, 4), keepdims=True)
    dx = (M * dx_norm - s1 - xn * s2) / (M * std)
    dx = dx.reshape(N, C, H, W)
    return dx, dgamma, dbeta
