import numpy as np


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Hp = 1 + (H - ph) // stride
    Wp = 1 + (W - pw) // stride
    out = np.zeros((N, C, Hp, Wp))
    for n in range(N):
        for c in range(C):
            for i in range(Hp):
                for j in range(Wp):
                    window = x[n, c, i * stride:i * stride + ph, j * stride:j * stride + pw]
                    out[n, c, i, j] = window.max()
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, Hp, Wp = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Hp):
                for j in range(Wp):
                    window = x[n, c, i * stride:i * stride + ph, j * stride:j * stride + pw]
                    dx[n, c, i * stride:i * stride + ph, j * stride:j * stride + pw] += \
                        (window == window.max()) * dout[n, c, i, j]
    return dx
