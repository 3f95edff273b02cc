"""
conv layer, solution of group 14
The convolution is written as one matrix product per image with a (sparse) matrix,
so that the backward pass is just the transposed matrix.
"""
import numpy as np


def build_matrix(w, in_shape, stride, pad):
    F, C, HH, WW = w.shape
    _, H, W = in_shape
    Hp, Wp = H + 2 * pad, W + 2 * pad
    oh, ow = (Hp - HH) // stride + 1, (Wp - WW) // stride + 1
    M = np.zeros((F, oh, ow, C, Hp, Wp))
    for i in range(oh):
        for j in range(ow):
            M[:, i, j, :, i * stride:i * stride + HH, j * stride:j * stride + WW] = w
    return M.reshape(F * oh * ow, C * Hp * Wp), oh, ow


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N = len(x)
    F = len(w)
    M, oh, ow = build_matrix(w, x.shape[1:], stride, pad)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    flat = xp.reshape(N, -1)
    out = (flat @ M.T).reshape(N, F, oh, ow)
    out = out + b[None, :, None, None]
    cache = (flat, xp.shape, M, w.shape, (stride, pad))
    return out, cache


def conv_backward_naive(dout, cache):
    flat, xp_shape, M, w_shape, (stride, pad) = cache
    N, F, oh, ow = dout.shape
    _, C, HH, WW = w_shape
    Hp, Wp = xp_shape[2:]

    d_flat_out = dout.reshape(N, -1)
    dx = (d_flat_out @ M).reshape(xp_shape)
    dx = dx[:, :, pad:Hp - pad, pad:Wp - pad]

    dM = (d_flat_out.T @ flat).reshape(F, oh, ow, C, Hp, Wp)
    dw = np.zeros(w_shape)
    for i in range(oh):
        for j in range(ow):
            dw += dM[:, i, j, :, i * stride:i * stride + HH, j * stride:j * stride + WW]

    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db
