from __future__ import print_function
import numpy as np
from builtins import range
from cs231n.gradient_check import eval_numerical_gradient_array


def conv_forward_naive(x, w, b, conv_param):
    """
    Forward pass. Stretches every receptive field to a column first.
    """
    out = None
    pad = conv_param['pad']
    stride = conv_param['stride']
    F, C, HH, WW = w.shape
    N, _, H, W = x.shape
    Hp = 1 + (H + 2 * pad - HH) // stride
    Wp = 1 + (W + 2 * pad - WW) // stride

    w_row = w.reshape(F, C * HH * WW)
    out = np.zeros((N, F, Hp * Wp))
    for n in range(N):
        img = np.pad(x[n], ((0, 0), (pad, pad), (pad, pad)), 'constant')
        x_col = np.zeros((C * HH * WW, Hp * Wp))
        neuron = 0
        for i in range(0, H + 2 * pad - HH + 1, stride):
            for j in range(0, W + 2 * pad - WW + 1, stride):
                x_col[:, neuron] = img[:, i:i + HH, j:j + WW].reshape(C * HH * WW)
                neuron += 1
        out[n] = w_row.dot(x_col) + b.reshape(F, 1)
    out = out.reshape(N, F, Hp, Wp)

    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """
    Backward pass.
    """
    dx, dw, db = None, None, None
    x, w, b, conv_param = cache
    pad = conv_param['pad']
    stride = conv_param['stride']
    F, C, HH, WW = w.shape
    N, _, H, W = x.shape
    Hp = 1 + (H + 2 * pad - HH) // stride
    Wp = 1 + (W + 2 * pad - WW) // stride

    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    w_row = w.reshape(F, C * HH * WW)

    for n in range(N):
        img = np.pad(x[n], ((0, 0), (pad, pad), (pad, pad)), 'constant')
        dimg = np.zeros(img.shape)
        out_col = dout[n].reshape(F, Hp * Wp)
        dx_col = w_row.T.dot(out_col)
        x_col = np.zeros((C * HH * WW, Hp * Wp))

        neuron = 0
        for i in range(0, H + 2 * pad - HH + 1, stride):
            for j in range(0, W + 2 * pad - WW + 1, stride):
                dimg[:, i:i + HH, j:j + WW] += dx_col[:, neuron].reshape(C, HH, WW)
                x_col[:, neuron] = img[:, i:i + HH, j:j + WW].reshape(C * HH * WW)
                neuron += 1

        dw += out_col.dot(x_col.T).reshape(F, C, HH, WW)
        db += np.sum(out_col, axis=1)
        dx[n] = dimg[:, pad:pad + H, pad:pad + W]

    return dx, dw, db
