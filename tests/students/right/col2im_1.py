import numpy as np
from .im2col_cython import *

def im2col(x, kh, kw, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    N, C, H, W = x.shape
    oh, ow = (H - kh) // stride + 1, (W - kw) // stride + 1
    cols = np.zeros((N, C, kh, kw, oh, ow))
    for p in range(kh):
        for q in range(kw):
            cols[:, :, p, q] = x[:, :, p:p + stride * oh:stride, q:q + stride * ow:stride]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, -1), oh, ow

def col2im(cols, shape, kh, kw, stride, pad):
    N, C, H, W = shape
    oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    cols = cols.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for p in range(kh):
        for q in range(kw):
            img[:, :, p:p + stride * oh:stride, q:q + stride * ow:stride] += cols[:, :, p, q]
    return img[:, :, pad:H + pad, pad:W + pad]

def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    F, C, kh, kw = w.shape
    cols, oh, ow = im2col(x, kh, kw, stride, pad)
    out = cols @ w.reshape(F, -1).T + b
    out = out.reshape(len(x), oh, ow, F).transpose(0, 3, 1, 2)
    return out, (x.shape, w, conv_param, cols)

def conv_backward_im2col(dout, cache):
    shape, w, conv_param, cols = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    F, C, kh, kw = w.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    db = d.sum(axis=0)
    dw = (d.T @ cols).reshape(w.shape)
    dx = col2im(d @ w.reshape(F, -1), shape, kh, kw, stride, pad)
    return dx, dw, db
