import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, Ho, Wo))
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    h, v = i * stride, j * stride
                    out[n, f, i, j] = np.sum(xp[n, :, h:h+HH, v:v+WW] * w[f]) + b[f]
    cache = (x, xp, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, xp, w, b, conv_param = cache
    stride = conv_param['stride']
    pad = conv_param['pad']
    H, W = x.shape[2:]
    F, C, HH, WW = w.shape
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros_like(b)
    for n in range(dout.shape[0]):
        for f in range(F):
            db[f] += dout[n, f].sum()
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    h, v = i * stride, j * stride
                    dw[f] += dout[n, f, i, j] * xp[n, :, h:h+HH, v:v+WW]
                    dxp[n, :, h:h+HH, v:v+WW] += dout[n, f, i, j] * w[f]
    return dxp[:, :, pad:pad+H, pad:pad+W], dw, db
