import numpy as np


def max_pool_forward_naive(x, pool_param):
    ph = pool_param["pool_height"]
    pw = pool_param["pool_width"]
    stride = pool_param["stride"]
    n, c, h, w = x.shape
    oh = (h - ph) // stride + 1
    ow = (w - pw) // stride + 1
    out = np.zeros((n, c, oh, ow))
    for a in range(n):
        for ch in range(c):
            for i in range(oh):
                for j in range(ow):
                    biggest = x[a, ch, i * stride, j * stride]
                    for p in range(ph):
                        for q in range(pw):
                            v = x[a, ch, i * stride + p, j * stride + q]
                            if v > biggest:
                                biggest = v
                    out[a, ch, i, j] = biggest
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph = pool_param["pool_height"]
    pw = pool_param["pool_width"]
    stride = pool_param["stride"]
    dx = np.zeros_like(x)
    n, c, oh, ow = dout.shape
    for a in range(n):
        for ch in range(c):
            for i in range(oh):
                for j in range(ow):
                    win = x[a, ch, i * stride:i * stride + ph, j * stride:j * stride + pw]
                    k = np.argmax(win)
                    dx[a, ch, i * stride + k // pw, j * stride + k % pw] += dout[a, ch, i, j]
    return dx
