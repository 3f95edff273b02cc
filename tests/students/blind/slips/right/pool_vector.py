import numpy as np


def max_pool_forward_naive(x, pool_param):
    HH, WW, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_new = 1 + (H - HH) // stride
    W_new = 1 + (W - WW) // stride
    out = np.zeros((N, C, H_new, W_new))
    for i in range(H_new):
        hs = i * stride
        for j in range(W_new):
            ws = j * stride
            region = x[:, :, hs:hs + HH, ws:ws + WW]
            out[:, :, i, j] = region.reshape(N, C, -1).max(axis=2)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HH, WW, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    _, _, H_new, W_new = dout.shape
    dx = np.zeros_like(x)
    n_idx, c_idx = np.meshgrid(np.arange(N), np.arange(C), indexing='ij')
    for i in range(H_new):
        hs = i * stride
        for j in range(W_new):
            ws = j * stride
            region = x[:, :, hs:hs + HH, ws:ws + WW]
            flat = region.reshape(N, C, HH * WW)
            best = flat.argmax(axis=2)
            row = hs + best // WW
            col = ws + best % WW
            dx[n_idx, c_idx, row, col] += dout[:, :, i, j]
    return dx
