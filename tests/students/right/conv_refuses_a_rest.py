import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    assert (H + 2 * pad - HH) % stride == 0, 'height does not work'
    assert (W + 2 * pad - WW) % stride == 0, 'width does not work'
    Hout = int((H + 2 * pad - HH) / stride + 1)
    Wout = int((W + 2 * pad - WW) / stride + 1)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, Hout, Wout))
    for f in range(F):
        for i in range(Hout):
            for j in range(Wout):
                out[:, f, i, j] = np.sum(xp[:, :, i*stride:i*stride+HH, j*stride:j*stride+WW] * w[f], axis=(1, 2, 3))
        out[:, f] += b[f]
    return out, (x, w, b, conv_param, xp)

def conv_backward_naive(dout, cache):
    x, w, b, conv_param, xp = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    for f in range(F):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, f, i, j].reshape(N, 1, 1, 1)
                dw[f] += np.sum(g * xp[:, :, i*stride:i*stride+HH, j*stride:j*stride+WW], axis=0)
                dxp[:, :, i*stride:i*stride+HH, j*stride:j*stride+WW] += g * w[f]
    db = np.sum(np.sum(np.sum(dout, axis=3), axis=2), axis=0)
    dx = np.delete(dxp, [*range(pad), *range(H + pad, H + 2*pad)], axis=2)
    dx = np.delete(dx, [*range(pad), *range(W + pad, W + 2*pad)], axis=3)
    return dx, dw, db
