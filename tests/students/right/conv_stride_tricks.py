import numpy as np
from numpy.lib.stride_tricks import as_strided

def windows(xp, HH, WW, stride):
    N, C, H, W = xp.shape
    shape = (N, C, (H - HH) // stride + 1, (W - WW) // stride + 1, HH, WW)
    sn, sc, sh, sw = xp.strides
    return as_strided(xp, shape, (sn, sc, sh * stride, sw * stride, sh, sw))

def conv_forward(x, w, b, conv_param):
    pad, stride = conv_param['pad'], conv_param['stride']
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    cols = windows(xp, w.shape[2], w.shape[3], stride)
    out = np.tensordot(cols, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return out + b.reshape(1, -1, 1, 1), (xp, w, conv_param, x.shape)

def conv_backward(dout, cache):
    xp, w, conv_param, (N, C, H, W) = cache
    pad, stride = conv_param['pad'], conv_param['stride']
    HH, WW = w.shape[2:]
    cols = windows(xp, HH, WW, stride)
    dw = np.tensordot(dout, cols, axes=((0, 2, 3), (0, 2, 3)))
    db = dout.sum(axis=(0, 2, 3))
    dxp = np.zeros_like(xp)
    dcols = np.tensordot(dout, w, axes=(1, 0))          # N, oh, ow, C, HH, WW
    oh, ow = dout.shape[2:]
    for p in range(HH):
        for q in range(WW):
            dxp[:, :, p:p + stride * oh:stride, q:q + stride * ow:stride] += dcols[..., p, q].transpose(0, 3, 1, 2)
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db
