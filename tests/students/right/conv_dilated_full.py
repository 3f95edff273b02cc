import numpy as np

def corr(a, k):
    """valid correlation, stride 1, a (N, C, H, W), k (F, C, h, w)"""
    v = np.lib.stride_tricks.sliding_window_view(a, k.shape[2:], axis=(2, 3))
    return np.einsum('nchwij,fcij->nfhw', v, k, optimize=True)

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    xp = np.pad(x, [(0, 0)] * 2 + [(p, p)] * 2)
    out = corr(xp, w)[:, :, ::s, ::s] + b.reshape(-1, 1, 1)
    return out, (xp, w, s, p)

def conv_backward_naive(dout, cache):
    xp, w, s, p = cache
    HH, WW = w.shape[2:]
    N, C, Hp, Wp = xp.shape
    # put the zeros back that the stride skipped
    full = np.zeros((N, w.shape[0], Hp - HH + 1, Wp - WW + 1))
    full[:, :, ::s, ::s] = dout
    db = full.sum(axis=(0, 2, 3))
    dw = corr(xp.swapaxes(0, 1), full.swapaxes(0, 1)).swapaxes(0, 1)
    border = np.pad(full, [(0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1)])
    dxp = corr(border, np.flip(w, (2, 3)).swapaxes(0, 1))
    return dxp[:, :, p:Hp - p, p:Wp - p], dw, db
