import numpy as np


def avg_pool_forward_naive(x, pool_param):
    ph, pw, st = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    # summed area table with a leading row and column of zeros
    table = np.zeros((N, C, H + 1, W + 1))
    table[:, :, 1:, 1:] = x.cumsum(axis=2).cumsum(axis=3)
    OH = (H - ph) // st + 1
    OW = (W - pw) // st + 1
    top = np.arange(OH) * st
    left = np.arange(OW) * st
    t = top[:, None]
    l = left[None, :]
    total = table[:, :, t + ph, l + pw] - table[:, :, t, l + pw] - table[:, :, t + ph, l] + table[:, :, t, l]
    out = total / (ph * pw)
    cache = (x.shape, pool_param)
    return out, cache


def avg_pool_backward_naive(dout, cache):
    x_shape, pool_param = cache
    ph, pw, st = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(x_shape)
    filt = np.ones((ph, pw)) / (ph * pw)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            spread = np.kron(dout[:, :, i:i + 1, j:j + 1], filt[None, None])
            dx[:, :, i * st:i * st + ph, j * st:j * st + pw] += spread
    return dx
