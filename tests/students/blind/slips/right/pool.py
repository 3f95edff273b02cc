import numpy as np


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    s = pool_param['stride']
    Hp = 1 + (H - ph) // s
    Wp = 1 + (W - pw) // s
    out = np.zeros((N, C, Hp, Wp))
    for n in range(N):
        for c in range(C):
            for k in range(Hp):
                for l in range(Wp):
                    out[n, c, k, l] = np.max(x[n, c, k * s:k * s + ph, l * s:l * s + pw])
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    _, _, Hp, Wp = dout.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for k in range(Hp):
                for l in range(Wp):
                    win = x[n, c, k * s:k * s + ph, l * s:l * s + pw]
                    # argmax dans la fenêtre
                    idx = np.argmax(win)
                    r, q = np.unravel_index(idx, (ph, pw))
                    # print(r, q, win)
                    dx[n, c, k * s + r, l * s + q] += dout[n, c, k, l]
    return dx
