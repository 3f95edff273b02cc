import numpy as np
from .im2col import *


def conv_forward_naive(x, w, b, conv_param):
    pad = conv_param['pad']
    stride = conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape

    # size of the activation map
    H_prime = int(1 + (H + 2 * pad - HH) / stride)
    W_prime = int(1 + (W + 2 * pad - WW) / stride)
    out = np.zeros((N, F, H_prime, W_prime))

    npad = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x_padded = np.pad(x, pad_width=npad, mode='constant', constant_values=0)

    for n in range(N):
        for f in range(F):
            for hp in range(H_prime):
                for wp in range(W_prime):
                    h1, w1 = hp * stride, wp * stride
                    field = x_padded[n, :, h1:h1 + HH, w1:w1 + WW]
                    out[n, f, hp, wp] = np.sum(field * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    pad = conv_param['pad']
    stride = conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, H_prime, W_prime = dout.shape

    npad = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x_padded = np.pad(x, pad_width=npad, mode='constant', constant_values=0)
    dx_padded = np.zeros(x_padded.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)

    for n in range(N):
        for f in range(F):
            for hp in range(H_prime):
                for wp in range(W_prime):
                    h1, w1 = hp * stride, wp * stride
                    g = dout[n, f, hp, wp]
                    db[f] += g
                    dw[f] += g * x_padded[n, :, h1:h1 + HH, w1:w1 + WW]
                    dx_padded[n, :, h1:h1 + HH, w1:w1 + WW] += g * w[f]
    dx = dx_padded[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
