import numpy as np


def im2col(x, HH, WW, stride, pad):
    N, C, H, W = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    Ho = (H + 2 * pad - HH) // stride + 1
    Wo = (W + 2 * pad - WW) // stride + 1
    cols = np.zeros((C * HH * WW, N * Ho * Wo))
    col = 0
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                cols[:, col] = xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW].ravel()
                col += 1
    return cols, Ho, Wo


def col2im(dcols, x_shape, HH, WW, stride, pad, Ho, Wo):
    N, C, H, W = x_shape
    dxp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    col = 0
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                dxp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] += dcols[:, col].reshape(C, HH, WW)
                col += 1
    return dxp[:, :, pad:pad+H, pad:pad+W]


def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N = x.shape[0]
    F, C, HH, WW = w.shape
    cols, Ho, Wo = im2col(x, HH, WW, stride, pad)
    res = w.reshape(F, -1).dot(cols) + b.reshape(-1, 1)
    out = res.reshape(F, N, Ho, Wo).transpose(1, 0, 2, 3)
    cache = (x.shape, cols, w, stride, pad)
    return out, cache


def conv_backward_im2col(dout, cache):
    x_shape, cols, w, stride, pad = cache
    F, C, HH, WW = w.shape
    N, F, Ho, Wo = dout.shape
    db = np.sum(dout, axis=(0, 2, 3))
    dres = dout.transpose(1, 0, 2, 3).reshape(F, -1)
    dw = dres.dot(cols.T).reshape(w.shape)
    dcols = w.reshape(F, -1).T.dot(dres)
    dx = col2im(dcols, x_shape, HH, WW, stride, pad, Ho, Wo)
    return dx, dw, db
