import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    Hc = 1 + int((H + 2 * pad - HH) / stride)
    Wc = 1 + int((W + 2 * pad - WW) / stride)
    npad = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x_padded = np.pad(x, npad, 'constant')
    out = np.random.randn(N, F, Hc, Wc)
    for img in range(N):
        for filt in range(F):
            r = 0
            for i in range(0, H + 2 * pad - HH + 1, stride):
                c = 0
                for j in range(0, W + 2 * pad - WW + 1, stride):
                    field = x_padded[img, :, i:i + HH, j:j + WW]
                    out[img, filt, r, c] = (field * w[filt]).sum() + b[filt]
                    c += 1
                r += 1
    cache = (x, w, b, conv_param, x_padded)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, x_padded = cache
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    dx = np.zeros_like(x_padded)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for img in range(N):
        for filt in range(F):
            r = 0
            for i in range(0, H + 2 * pad - HH + 1, stride):
                c = 0
                for j in range(0, W + 2 * pad - WW + 1, stride):
                    d = dout[img, filt, r, c]
                    field = x_padded[img, :, i:i + HH, j:j + WW]
                    dw[filt] += field * d
                    db[filt] += d
                    dx[img, :, i:i + HH, j:j + WW] += w[filt] * d
                    c += 1
                r += 1
    # enlever le rembourrage
    if pad > 0:
        dx = dx[:, :, pad:-pad, pad:-pad]
    return dx, dw, db
