import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    out_h = (H + 2 * pad - HH) // stride + 1
    out_w = (W + 2 * pad - WW) // stride + 1
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, out_h, out_w))
    for i in range(out_h):
        for j in range(out_w):
            s = xp[:, :, i*stride:i*stride+HH, j*stride:j*stride+WW]
            for f in range(F):
                out[:, f, i, j] = (s * w[f]).sum(axis=(1, 2, 3)) + b[f]
    return out, (x, xp, w, conv_param)


def conv_backward_naive(dout, cache):
    x, xp, w, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    y, z = i * stride, j * stride
                    k = dout[n, f, i, j]
                    s = xp[n, :, y:y+HH, z:z+WW]
                    dw[f] += k * s
                    dxp[n, :, y:y+HH, z:z+WW] += k * w[f]
    db = dout.sum(axis=(0, 2, 3))
    dx = dxp[:, :, pad:pad+H, pad:pad+W]
    return dx, dw, db
