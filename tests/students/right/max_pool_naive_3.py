from builtins import range
import numpy as np


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def max_pool_forward_naive(x, pool_param):
    stride = pool_param['stride']
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - ph) // stride, 1 + (W - pw) // stride))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i*stride:i*stride+ph, j*stride:j*stride+pw].max(axis=(2, 3))
    cache = (x, out, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, out, pool_param = cache
    stride = pool_param['stride']
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, cols = slice(i*stride, i*stride+ph), slice(j*stride, j*stride+pw)
            hit = x[:, :, rows, cols] == out[:, :, i:i+1, j:j+1]
            dx[:, :, rows, cols] += hit * dout[:, :, i:i+1, j:j+1]
    return dx
