import numpy as np
from cs231n.layers import affine_forward
from cs231n.layer_utils import *


def output_size(size, kernel, pad, stride):
    return (size + 2 * pad - kernel) // stride + 1


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    Ho = output_size(x.shape[2], w.shape[2], pad, stride)
    Wo = output_size(x.shape[3], w.shape[3], pad, stride)
    x_pad = np.pad(x, pad_width=((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')

    out = np.empty((x.shape[0], w.shape[0], Ho, Wo))
    for ho in range(Ho):
        rows = slice(ho * stride, ho * stride + w.shape[2])
        for wo in range(Wo):
            cols = slice(wo * stride, wo * stride + w.shape[3])
            patch = x_pad[:, :, rows, cols]
            out[:, :, ho, wo] = np.tensordot(patch, w, axes=((1, 2, 3), (1, 2, 3)))
    out += b[:, np.newaxis, np.newaxis]

    cache = dict(x_pad=x_pad, w=w, stride=stride, pad=pad, in_size=x.shape[2:])
    return out, cache


def conv_backward_naive(dout, cache):
    x_pad, w = cache['x_pad'], cache['w']
    stride, pad = cache['stride'], cache['pad']
    H, W = cache['in_size']
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    for ho in range(dout.shape[2]):
        rows = slice(ho * stride, ho * stride + w.shape[2])
        for wo in range(dout.shape[3]):
            cols = slice(wo * stride, wo * stride + w.shape[3])
            d = dout[:, :, ho, wo]                      # (N, F)
            dw += np.tensordot(d, x_pad[:, :, rows, cols], axes=(0, 0))
            dx_pad[:, :, rows, cols] += np.tensordot(d, w, axes=(1, 0))
    db = dout.sum((0, 2, 3))
    # cut the frame off again
    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
