import numpy as np
from past.builtins import xrange

def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    hp, wp, st = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho = (H - hp) // st + 1
    Wo = (W - wp) // st + 1
    out = np.zeros((N, C, int(Ho), int(Wo)))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = np.max(np.max(x[:, :, i*st:i*st+hp, j*st:j*st+wp], axis=3), axis=2)
    cache = (x, pool_param)
    return out, cache

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    hp, wp, st = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    _, _, Ho, Wo = dout.shape
    dx = np.zeros((N, C, H, W))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    area = x[n, c, i*st:i*st+hp, j*st:j*st+wp]
                    area_max = np.max(area)
                    dx[n, c, i*st:i*st+hp, j*st:j*st+wp] += (area == area_max) * dout[n, c, i, j]
    return dx
