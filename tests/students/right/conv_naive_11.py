import numpy as np

# only stride 1 in this one, my net never uses anything else

def conv_forward_naive(x, w, b, conv_param):
    pad = conv_param['pad']
    assert conv_param['stride'] == 1, 'stride 1 only'
    HH, WW = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    win = np.lib.stride_tricks.sliding_window_view(xp, (HH, WW), axis=(2, 3))
    out = np.einsum('nchwkl,fckl->nfhw', win, w) + b[None, :, None, None]
    return out, (xp, w, pad)

def conv_backward_naive(dout, cache):
    xp, w, pad = cache
    HH, WW = w.shape[2:]
    Hp, Wp = xp.shape[2:]
    win = np.lib.stride_tricks.sliding_window_view(xp, (HH, WW), axis=(2, 3))
    dw = np.einsum('nchwkl,nfhw->fckl', win, dout)
    db = dout.sum((0, 2, 3))
    # full correlation of dout with the filters
    dpad = np.pad(dout, ((0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1)), 'constant')
    dwin = np.lib.stride_tricks.sliding_window_view(dpad, (HH, WW), axis=(2, 3))
    dxp = np.einsum('nfhwkl,fckl->nchw', dwin, w[:, :, ::-1, ::-1])
    dx = dxp[:, :, pad:Hp - pad, pad:Wp - pad]
    return dx, dw, db
