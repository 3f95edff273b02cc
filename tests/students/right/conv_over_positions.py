import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    S, P = conv_param['stride'], conv_param['pad']
    Hp = 1 + int((H + 2 * P - HH) / S)
    Wp = 1 + int((W + 2 * P - WW) / S)
    out = np.zeros((N, F, Hp, Wp))
    xp = np.pad(x, [(0, 0), (0, 0), (P, P), (P, P)], 'constant')
    filters = w.reshape(F, -1)
    for i in range(Hp):
        for j in range(Wp):
            patch = xp[:, :, i * S:i * S + HH, j * S:j * S + WW].reshape(N, -1)
            out[:, :, i, j] = patch.dot(filters.T) + b
    return out, (x, xp, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, xp, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    S, P = conv_param['stride'], conv_param['pad']
    _, _, Hp, Wp = dout.shape
    filters = w.reshape(F, -1)
    dxp = np.zeros(xp.shape)
    dfilters = np.zeros(filters.shape)
    db = np.sum(dout, axis=(0, 2, 3))
    for i in range(Hp):
        for j in range(Wp):
            d = dout[:, :, i, j]
            patch = xp[:, :, i * S:i * S + HH, j * S:j * S + WW].reshape(N, -1)
            dfilters += d.T.dot(patch)
            dpatch = d.dot(filters).reshape(N, C, HH, WW)
            dxp[:, :, i * S:i * S + HH, j * S:j * S + WW] += dpatch
    dw = dfilters.reshape(w.shape)
    dx = dxp[:, :, P:H + P, P:W + P]
    return dx, dw, db
