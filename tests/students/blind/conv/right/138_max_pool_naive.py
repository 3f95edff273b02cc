import numpy as np

def max_pool_forward_naive(x, pool_param):
    """ max pool, forward """
    (N, C, H, W) = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    s = pool_param['stride']
    h_new = 1 + (H - ph) // s
    w_new = 1 + (W - pw) // s
    out = np.zeros((N, C, h_new, w_new))
    for n in range(N):
        row = 0
        i = 0
        while row + ph <= H:
            col = 0
            j = 0
            while col + pw <= W:
                out[n, :, i, j] = np.max(x[n, :, row:row + ph, col:col + pw], axis=(1, 2))
                col += s
                j += 1
            row += s
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
            row = 0
            i = 0
            while row + ph <= H:
                col = 0
                j = 0
                while col + pw <= W:
                    win = x[n, c, row:row + ph, col:col + pw]
                    mask = (win == np.max(win))
                    dx[n, c, row:row + ph, col:col + pw] += mask * dout[n, c, i, j]
                    col += s
                    j += 1
                row += s
                i += 1
    return dx
