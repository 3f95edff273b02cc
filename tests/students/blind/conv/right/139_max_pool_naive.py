import numpy as np

def max_pool_forward_naive(x, pool_param):
    """ max pool, forward """
    (N, C, H, W) = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    s = pool_param['stride']
    oh = 1 + (H - ph) // s
    ow = 1 + (W - pw) // s
    out = np.zeros((N, C, oh, ow))
    for n in range(N):
        y = 0
        i = 0
        while y + ph <= H:
            xx = 0
            j = 0
            while xx + pw <= W:
                out[n, :, i, j] = np.max(x[n, :, y:y + ph, xx:xx + pw], axis=(1, 2))
                xx += s
                j += 1
            y += s
            i += 1
    cache = (x, pool_param)
    return out, cache

def max_pool_backward_naive(dout, cache):
    """ max pool, backward """
    x, pool_param = cache
    (N, C, H, W) = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    s = pool_param['stride']
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            y = 0
            i = 0
            while y + ph <= H:
                xx = 0
                j = 0
                while xx + pw <= W:
                    patch = x[n, c, y:y + ph, xx:xx + pw]
                    mask = (patch == np.max(patch))
                    dx[n, c, y:y + ph, xx:xx + pw] += mask * dout[n, c, i, j]
                    xx += s
                    j += 1
                y += s
                i += 1
    return dx
