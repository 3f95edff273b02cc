import numpy as np

def max_pool_forward_naive(x, pool_param):
    """
    max over windows. pool_param has pool_height, pool_width, stride. no padding.
    """
    N, C, H, W = x.shape
    pool_h = pool_param.get('pool_height', 2)
    pool_w = pool_param.get('pool_width', 2)
    s = pool_param.get('stride', 2)

    h_ = 1 + int((H - pool_h) / s)
    w_ = 1 + int((W - pool_w) / s)
    out = np.zeros((N, C, h_, w_))
    for k in range(h_ * w_):
        i, j = k // w_, k % w_
        out[:, :, i, j] = x[:, :, i*s:i*s + pool_h, j*s:j*s + pool_w].max(axis=3).max(axis=2)
    cache = (x, pool_param, h_, w_)
    return out, cache

def max_pool_backward_naive(dout, cache):
    x, pool_param, h_, w_ = cache
    pool_h = pool_param.get('pool_height', 2)
    pool_w = pool_param.get('pool_width', 2)
    s = pool_param.get('stride', 2)
    dx = np.zeros(x.shape)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for k in range(h_ * w_):
                i, j = k // w_, k % w_
                win = x[n, c, i*s:i*s + pool_h, j*s:j*s + pool_w]
                dx[n, c, i*s:i*s + pool_h, j*s:j*s + pool_w] += dout[n, c, i, j] * (win == win.max())
    return dx
