import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hn = int((H + 2*p - HH) / s) + 1
    Wn = int((W + 2*p - WW) / s) + 1
    xpad = np.zeros((N, C, H + 2*p, W + 2*p))
    xpad[:, :, p:p+H, p:p+W] = x
    out = np.zeros((N, F, Hn, Wn))
    for n in range(N):
        for i in range(Hn):
            for j in range(Wn):
                for f in range(F):
                    out[n, f, i, j] = (xpad[n, :, i*s:i*s+HH, j*s:j*s+WW] * w[f]).sum() + b[f]
    return out, (x, xpad, w, b, conv_param)

def conv_backward_naive(dout, cache):
    x, xpad, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, Hn, Wn = dout.shape
    dxpad = np.zeros_like(xpad)
    dw, db = np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for i in range(Hn):
            for j in range(Wn):
                for f in range(F):
                    dw[f] += dout[n, f, i, j] * xpad[n, :, i*s:i*s+HH, j*s:j*s+WW]
                    dxpad[n, :, i*s:i*s+HH, j*s:j*s+WW] += dout[n, f, i, j] * w[f]
                    db[f] += dout[n, f, i, j]
    dx = dxpad[:, :, p:p+H, p:p+W]
    return dx, dw, db
