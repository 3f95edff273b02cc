import numpy as np


def max_pool_forward_naive(x, pool_param):
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    st = pool_param['stride']
    n, c, h, w = x.shape
    oh = 1 + (h - ph) // st
    ow = 1 + (w - pw) // st
    res = np.empty((n, c, oh, ow))
    for a in range(oh):
        for b in range(ow):
            patch = x[:, :, a*st:a*st+ph, b*st:b*st+pw].reshape(n, c, -1)
            res[:, :, a, b] = patch.max(axis=2)
    return res, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    st = pool_param['stride']
    n, c, oh, ow = dout.shape
    dx = np.zeros_like(x)
    for i in range(n):
        for k in range(c):
            for a in range(oh):
                for b in range(ow):
                    top, left = a * st, b * st
                    patch = x[i, k, top:top+ph, left:left+pw]
                    best = np.argmax(patch)
                    r, q = np.unravel_index(best, patch.shape)
                    dx[i, k, top + r, left + q] += dout[i, k, a, b]
    return dx
