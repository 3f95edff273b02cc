import numpy as np


def max_pool_forward_naive(x, pool_param):
    """
    Forward pass of a max-pooling layer.

    - x: (N, C, H, W)
    - pool_param: 'pool_height', 'pool_width', 'stride'
    """
    out = None
    N, C, H, W = x.shape
    HP = pool_param['pool_height']
    WP = pool_param['pool_width']
    stride = pool_param['stride']
    H1 = (H - HP) // stride + 1
    W1 = (W - WP) // stride + 1
    out = np.zeros((N, C, H1, W1))
    for n in range(N):
        for c in range(C):
            for k in range(H1):
                for l in range(W1):
                    out[n, c, k, l] = np.max(x[n, c, k * stride:k * stride + HP, l * stride:l * stride + WP])
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    dx = None
    x, pool_param = cache
    N, C, H, W = x.shape
    HP = pool_param['pool_height']
    WP = pool_param['pool_width']
    stride = pool_param['stride']
    H1 = (H - HP) // stride + 1
    W1 = (W - WP) // stride + 1
    dx = np.zeros((N, C, H, W))
    for n in range(N):
        for c in range(C):
            for k in range(H1):
                for l in range(W1):
                    x_pooling = x[n, c, k * stride:k * stride + HP, l * stride:l * stride + WP]
                    maxi = np.max(x_pooling)
                    x_mask = x_pooling == maxi
                    dx[n, c, k * stride:k * stride + HP, l * stride:l * stride + WP] += dout[n, c, k, l] * x_mask
    return dx
