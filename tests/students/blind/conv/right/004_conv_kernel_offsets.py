import numpy as np
from cs231n.fast_layers import conv_forward_fast, conv_backward_fast


def conv_forward_naive(x, w, b, conv_param):
    """ Loops over the taps of the kernel instead of over the image. """
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, R, Q = w.shape
    OH = 1 + (H + 2 * P - R) // S
    OW = 1 + (W + 2 * P - Q) // S
    xp = np.pad(x, ((0,), (0,), (P,), (P,)), 'constant')
    out = np.zeros((N, F, OH, OW))
    for r in range(R):
        for q in range(Q):
            tap = xp[:, :, r:r + S * OH:S, q:q + S * OW:S]
            out += np.einsum('nchw,fc->nfhw', tap, w[:, :, r, q])
    out += b[None, :, None, None]
    cache = (xp, w, b, conv_param, x.shape)
    return out, cache


def conv_backward_naive(dout, cache):
    xp, w, b, conv_param, xshape = cache
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = xshape
    F, C, R, Q = w.shape
    N, F, OH, OW = dout.shape
    db = np.einsum('nfhw->f', dout)
    dw = np.empty_like(w)
    dxp = np.zeros_like(xp)
    for r in range(R):
        for q in range(Q):
            tap = xp[:, :, r:r + S * OH:S, q:q + S * OW:S]
            dw[:, :, r, q] = np.einsum('nfhw,nchw->fc', dout, tap)
            dxp[:, :, r:r + S * OH:S, q:q + S * OW:S] += np.einsum('nfhw,fc->nchw', dout, w[:, :, r, q])
    dx = dxp[:, :, P:P + H, P:P + W]
    return dx, dw, db
