import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    """Each window is a row of a matrix."""
    P = conv_param['pad']
    S = conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    x_p = np.pad(x, ((0,), (0,), (P,), (P,)), mode='constant', constant_values=0)
    Hn = (H - HH + 2 * P) // S + 1
    Wn = (W - WW + 2 * P) // S + 1
    rows = np.zeros((N * Hn * Wn, C * HH * WW))
    r = 0
    for n in range(N):
        for i in range(0, Hn):
            for j in range(0, Wn):
                rows[r, :] = x_p[n, :, i * S:i * S + HH, j * S:j * S + WW].flatten()
                r += 1
    wr = w.reshape(F, -1).T
    out = rows.dot(wr) + b
    out = out.reshape(N, Hn, Wn, F).transpose(0, 3, 1, 2)
    cache = (x, w, b, conv_param, rows)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, rows = cache
    P = conv_param['pad']
    S = conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, Hn, Wn = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    db = d.sum(0)
    dw = rows.T.dot(d).T.reshape(F, C, HH, WW)
    drows = d.dot(w.reshape(F, -1))
    dx_p = np.zeros((N, C, H + 2 * P, W + 2 * P))
    r = 0
    for n in range(N):
        for i in range(0, Hn):
            for j in range(0, Wn):
                dx_p[n, :, i * S:i * S + HH, j * S:j * S + WW] += drows[r, :].reshape(C, HH, WW)
                r += 1
    dx = dx_p[:, :, P:H + P, P:W + P]
    return dx, dw, db
