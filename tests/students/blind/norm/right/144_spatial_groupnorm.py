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
    m, C, H, W = x.shape
    size = (m, G, C // G, H, W)
    ax = (2, 3, 4)

    xg = x.reshape(size)
    avg_x = xg.mean(axis=ax, keepdims=True)
    xc = xg - avg_x
    v_x = (xc ** 2).mean(axis=ax, keepdims=True)
    std = np.sqrt(v_x + eps)
    xh_ = (xc / std).reshape(x.shape)
    out = xh_ * gamma + beta
    cache = (xh_, xc, std, gamma, size)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    xh_, xc, std, gamma, size = cache
    ax = (2, 3, 4)
    n = size[2] * size[3] * size[4]

    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xh_).sum(axis=(0, 2, 3), keepdims=True)

    dh = (dout * gamma).reshape(size)
    d_xc = dh / std
    dstd = -(dh * xc).sum(axis=ax, keepdims=True) / std ** 2
    gvar = dstd / (2 * std)
    d_xc = d_xc + 2.0 / n * xc * gvar
    davg = -d_xc.sum(axis=ax, keepdims=True)
    dxg = d_xc + davg / n
    dx = dxg.reshape(dout.shape)
    return dx, dgamma, dbeta
