import numpy as np


def avg_pool_forward_naive(x, pool_param):
    """Average pooling: like max pooling, but with the mean of the window."""
    N, C, H, W = x.shape
    pool_height = pool_param.get('pool_height', 2)
    pool_width = pool_param.get('pool_width', 2)
    stride = pool_param.get('stride', 2)

    H_out = (H - pool_height) // stride + 1
    W_out = (W - pool_width) // stride + 1
    out = np.zeros((N, C, H_out, W_out))

    for i in range(H_out):
        for j in range(W_out):
            hs = i * stride
            ws = j * stride
            out[:, :, i, j] = np.mean(x[:, :, hs:hs + pool_height, ws:ws + pool_width], axis=(2, 3))

    cache = (x, pool_param)
    return out, cache


def avg_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H_out, W_out = dout.shape
    pool_height = pool_param.get('pool_height', 2)
    pool_width = pool_param.get('pool_width', 2)
    stride = pool_param.get('stride', 2)

    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    average = dout[n, c, i, j] / (pool_height * pool_width)
                    hs = i * stride
                    ws = j * stride
                    dx[n, c, hs:hs + pool_height, ws:ws + pool_width] += np.ones((pool_height, pool_width)) * average
    return dx
