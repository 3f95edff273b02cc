import numpy as np


# No padded copies at all: every tap checks whether it falls on the image.

def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho = (H + 2 * pad - HH) // stride + 1
    Wo = (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, Ho, Wo)) + b[None, :, None, None]
    for i in range(Ho):
        for j in range(Wo):
            for k in range(HH):
                for l in range(WW):
                    r = i * stride + k - pad
                    c = j * stride + l - pad
                    if r < 0 or r >= H or c < 0 or c >= W:
                        continue
                    out[:, :, i, j] += x[:, :, r, c].dot(w[:, :, k, l].T)
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = dout.transpose(1, 0, 2, 3).reshape(F, -1).sum(axis=1)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            for k in range(HH):
                for l in range(WW):
                    r = i * stride + k - pad
                    c = j * stride + l - pad
                    if r < 0 or r >= H or c < 0 or c >= W:
                        continue
                    dx[:, :, r, c] += dout[:, :, i, j].dot(w[:, :, k, l])
                    dw[:, :, k, l] += dout[:, :, i, j].T.dot(x[:, :, r, c])
    return dx, dw, db
