import numpy as np


def im2col(x, HH, WW, pad, stride):
    N, C, H, W = x.shape
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    cols = np.zeros((N, C * HH * WW, H_out * W_out))
    k = 0
    for i in range(H_out):
        for j in range(W_out):
            patch = padded[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            cols[:, :, k] = patch.reshape(N, -1)
            k += 1
    return cols, H_out, W_out


def col2im(dcols, shape, HH, WW, pad, stride):
    N, C, H, W = shape
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1
    dpadded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    k = 0
    for i in range(H_out):
        for j in range(W_out):
            patch = dcols[:, :, k].reshape(N, C, HH, WW)
            dpadded[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += patch
            k += 1
    return dpadded[:, :, pad:pad + H, pad:pad + W]


def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N = x.shape[0]
    F, C, HH, WW = w.shape
    cols, H_out, W_out = im2col(x, HH, WW, pad, stride)
    res = np.matmul(w.reshape(F, -1), cols) + b.reshape(-1, 1)
    out = res.reshape(N, F, H_out, W_out)
    cache = (x.shape, w, b, conv_param, cols)
    return out, cache


def conv_backward_im2col(dout, cache):
    shape, w, b, conv_param, cols = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N = shape[0]
    F, C, HH, WW = w.shape
    db = np.sum(dout, axis=(0, 2, 3))
    dres = dout.reshape(N, F, -1)
    dw = np.sum(np.matmul(dres, cols.transpose(0, 2, 1)), axis=0).reshape(w.shape)
    dcols = np.matmul(w.reshape(F, -1).T, dres)
    dx = col2im(dcols, shape, HH, WW, pad, stride)
    return dx, dw, db
