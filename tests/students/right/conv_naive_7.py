import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    H2 = (H - HH + 2 * pad) // stride + 1
    W2 = (W - WW + 2 * pad) // stride + 1
    out = np.zeros((N, F, H2, W2))
    for n in range(N):
        for f in range(F):
            for i in range(H2):
                for j in range(W2):
                    out[n, f, i, j] = b[f] + np.vdot(w[f], xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW])
    return out, (x, w, b, conv_param)

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    H2, W2 = dout.shape[2:]
    dx = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(H2):
                for j in range(W2):
                    g = dout[n, f, i, j]
                    dx[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] += g * w[f]
                    dw[f] += g * xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]
                    db[f] += g
    dx = dx[:, :, pad:pad+H, pad:pad+W]
    return dx, dw, db
