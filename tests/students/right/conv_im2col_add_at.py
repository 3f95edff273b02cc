import numpy as np

def indices(x_shape, HH, WW, pad, stride):
    """which (channel, row, column) of the padded image stands in which place of the column matrix"""
    N, C, H, W = x_shape
    oh = (H + 2 * pad - HH) // stride + 1
    ow = (W + 2 * pad - WW) // stride + 1
    c, p, q, r, s = np.indices((C, HH, WW, oh, ow)).reshape(5, C * HH * WW, oh * ow)
    return c, p + stride * r, q + stride * s, oh, ow

def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    F, C, HH, WW = w.shape
    N = x.shape[0]
    k, i, j, oh, ow = indices(x.shape, HH, WW, pad, stride)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    cols = xp[:, k, i, j].transpose(1, 2, 0).reshape(C * HH * WW, -1)
    out = w.reshape(F, -1) @ cols + b.reshape(-1, 1)
    out = out.reshape(F, oh, ow, N).transpose(3, 0, 1, 2)
    return out, (x.shape, w, conv_param, cols)

def conv_backward_im2col(dout, cache):
    x_shape, w, conv_param, cols = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x_shape
    F, _, HH, WW = w.shape
    d = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    db = d.sum(axis=1)
    dw = (d @ cols.T).reshape(w.shape)
    dcols = (w.reshape(F, -1).T @ d).reshape(C * HH * WW, -1, N).transpose(2, 0, 1)
    k, i, j, _, _ = indices(x_shape, HH, WW, pad, stride)
    dxp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    np.add.at(dxp, (slice(None), k, i, j), dcols)
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db
