import numpy as np


def max_pool_forward_naive(x, pool_param):
    HP, WP, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H2 = int((H - HP) / S + 1)
    W2 = int((W - WP) / S + 1)
    out = np.zeros((N, C, H2, W2))
    for r in range(H2):
        for s in range(W2):
            window = x[:, :, r * S:r * S + HP, s * S:s * S + WP]
            out[:, :, r, s] = window.reshape(N, C, -1).max(axis=2)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HP, WP, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    _, _, H2, W2 = dout.shape
    dx = np.zeros(x.shape)
    for r in range(H2):
        for s in range(W2):
            window = x[:, :, r * S:r * S + HP, s * S:s * S + WP]
            m = np.max(window, axis=(2, 3), keepdims=True)
            mask = window == m
            dx[:, :, r * S:r * S + HP, s * S:s * S + WP] += mask * dout[:, :, r, s][:, :, None, None]
    return dx
