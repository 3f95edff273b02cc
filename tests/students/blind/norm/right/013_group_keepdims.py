from builtins import range
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    Computes the forward pass for spatial group normalization.

    Inputs:
    - x: Input data of shape (N, C, H, W)
    - gamma: Scale parameter, of shape (1, C, 1, 1)
    - beta: Shift parameter, of shape (1, C, 1, 1)
    - G: Integer number of groups to split into, should be a divisor of C
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = (N, G, C // G, H, W)
    ax = (2, 3, 4)

    xg = x.reshape(size)
    mu = xg.mean(axis=ax, keepdims=True)
    xmu = xg - mu
    var = (xmu ** 2).mean(axis=ax, keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (xmu / std).reshape(x.shape)
    out = xhat * gamma + beta
    cache = (xhat, xmu, std, gamma, size)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    xhat, xmu, std, gamma, size = cache
    ax = (2, 3, 4)
    n = size[2] * size[3] * size[4]

    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)

    dxhat = (dout * gamma).reshape(size)
    dxmu = dxhat / std
    dstd = -(dxhat * xmu).sum(axis=ax, keepdims=True) / std ** 2
    dvar = dstd / (2 * std)
    dxmu = dxmu + 2.0 / n * xmu * dvar
    dmu = -dxmu.sum(axis=ax, keepdims=True)
    dxg = dxmu + dmu / n
    dx = dxg.reshape(dout.shape)
    return dx, dgamma, dbeta
