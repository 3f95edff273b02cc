"""HW2, convolution. x: N x C x H x W"""
import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    S, P = conv_param.get('stride', 1), conv_param.get('pad', 0)
    N, C, H, W = x.shape
    F, C, R, Q = w.shape
    xp = np.zeros((N, C, H + 2 * P, W + 2 * P))
    xp[:, :, P:P + H, P:P + W] = x
    Ho = (H + 2 * P - R) // S + 1
    Wo = (W + 2 * P - Q) // S + 1
    out = np.zeros((N, F, Ho, Wo))
    for y in range(Ho):
        for z in range(Wo):
            win = xp[:, :, y * S:y * S + R, z * S:z * S + Q]
            out[:, :, y, z] = np.tensordot(win, w, axes=([1, 2, 3], [1, 2, 3])) + b
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    S, P = conv_param.get('stride', 1), conv_param.get('pad', 0)
    N, C, H, W = x.shape
    F, C, R, Q = w.shape
    N, F, Ho, Wo = dout.shape
    xp = np.pad(x, ((0,), (0,), (P,), (P,)), mode='constant')
    dxp = np.zeros_like(xp)
    dw = np.zeros(w.shape)
    for y in range(Ho):
        for z in range(Wo):
            g = dout[:, :, y, z]                      # (N, F)
            rows = slice(y * S, y * S + R)
            cols = slice(z * S, z * S + Q)
            dw += np.tensordot(g, xp[:, :, rows, cols], axes=([0], [0]))
            dxp[:, :, rows, cols] += np.tensordot(g, w, axes=([1], [0]))
    db = dout.sum(axis=(0, 2, 3))
    dx = dxp[:, :, P:P + H, P:P + W]
    return dx, dw, db
