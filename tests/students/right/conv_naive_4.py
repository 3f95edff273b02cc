import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    # two loops over positions, rest with einsum
    P, S = conv_param['pad'], conv_param['stride']
    kh, kw = w.shape[-2:]
    xp = np.pad(x, ((0, 0),) * 2 + ((P, P),) * 2)
    rows = range(0, xp.shape[2] - kh + 1, S)
    cols = range(0, xp.shape[3] - kw + 1, S)
    out = np.stack([np.stack([np.einsum('ncij,fcij->nf', xp[..., r:r + kh, c:c + kw], w)
                              for c in cols], axis=-1) for r in rows], axis=-2)
    return out + b[:, None, None], (xp, w, rows, cols, P)


def conv_backward_naive(dout, cache):
    xp, w, rows, cols, P = cache
    kh, kw = w.shape[-2:]
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i, r in enumerate(rows):
        for j, c in enumerate(cols):
            g = dout[..., i, j]
            dw += np.einsum('nf,ncij->fcij', g, xp[..., r:r + kh, c:c + kw])
            dxp[..., r:r + kh, c:c + kw] += np.einsum('nf,fcij->ncij', g, w)
    db = dout.sum(axis=(0, 2, 3))
    dx = dxp[..., P:dxp.shape[2] - P, P:dxp.shape[3] - P]
    return dx, dw, db
