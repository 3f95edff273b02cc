import numpy as np
from .im2col import *


def im2col(x, fh, fw, s, p):
    N, C, H, W = x.shape
    OH = (H + 2*p - fh)//s + 1
    OW = (W + 2*p - fw)//s + 1
    img = np.pad(x, [(0,0), (0,0), (p, p), (p, p)], 'constant')
    col = np.zeros((N, C, fh, fw, OH, OW))
    for y in range(fh):
        y_max = y + s*OH
        for v in range(fw):
            v_max = v + s*OW
            col[:, :, y, v, :, :] = img[:, :, y:y_max:s, v:v_max:s]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N*OH*OW, -1)


def col2im(col, shape, fh, fw, s, p):
    N, C, H, W = shape
    OH = (H + 2*p - fh)//s + 1
    OW = (W + 2*p - fw)//s + 1
    col = col.reshape(N, OH, OW, C, fh, fw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2*p, W + 2*p))
    for y in range(fh):
        y_max = y + s*OH
        for v in range(fw):
            v_max = v + s*OW
            img[:, :, y:y_max:s, v:v_max:s] += col[:, :, y, v, :, :]
    return img[:, :, p:H + p, p:W + p]


def conv_forward_fast(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    F, C, fh, fw = w.shape
    N, C, H, W = x.shape
    OH = 1 + (H + 2*p - fh)//s
    OW = 1 + (W + 2*p - fw)//s
    col = im2col(x, fh, fw, s, p)
    col_W = w.reshape(F, -1).T
    out = np.dot(col, col_W) + b
    out = out.reshape(N, OH, OW, F).transpose(0, 3, 1, 2)
    cache = (x.shape, w, col, col_W, s, p)
    return out, cache


def conv_backward_fast(dout, cache):
    x_shape, w, col, col_W, s, p = cache
    F, C, fh, fw = w.shape
    dout = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    db = np.sum(dout, axis=0)
    dw = np.dot(col.T, dout)
    dw = dw.transpose(1, 0).reshape(F, C, fh, fw)
    dcol = np.dot(dout, col_W.T)
    dx = col2im(dcol, x_shape, fh, fw, s, p)
    return dx, dw, db
