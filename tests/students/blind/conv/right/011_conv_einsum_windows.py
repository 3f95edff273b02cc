import numpy as np


def _windows(a, kh, kw, s):
    v = np.lib.stride_tricks.sliding_window_view(a, (kh, kw), axis=(2, 3))
    return v[:, :, ::s, ::s]


def conv_forward_naive(x, w, b, conv_param):
    p, s = conv_param['pad'], conv_param['stride']
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    win = _windows(xp, w.shape[2], w.shape[3], s)
    out = np.einsum('nchwij,fcij->nfhw', win, w, optimize=True) + b[:, None, None]
    return out, (win, x.shape, w, p, s)


def conv_backward_naive(dout, cache):
    win, x_shape, w, p, s = cache
    N, C, H, W = x_shape
    db = np.einsum('nfhw->f', dout)
    dw = np.einsum('nchwij,nfhw->fcij', win, dout, optimize=True)
    dwin = np.einsum('nfhw,fcij->nchwij', dout, w, optimize=True)
    dxp = np.zeros((N, C, H + 2 * p, W + 2 * p))
    for h in range(dout.shape[2]):
        for v in range(dout.shape[3]):
            dxp[:, :, h * s:h * s + w.shape[2], v * s:v * s + w.shape[3]] += dwin[:, :, h, v]
    return dxp[:, :, p:p + H, p:p + W], dw, db
