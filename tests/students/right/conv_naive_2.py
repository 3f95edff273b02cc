import numpy as np


def pad_images(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "constant")


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    xp = pad_images(x, pad)
    HH, WW = w.shape[2], w.shape[3]
    H_out = (xp.shape[2] - HH) // stride + 1
    W_out = (xp.shape[3] - WW) // stride + 1
    out = np.zeros((x.shape[0], w.shape[0], H_out, W_out))
    for n, image in enumerate(xp):
        for f, kernel in enumerate(w):
            for i in range(H_out):
                for j in range(W_out):
                    piece = image[:, i * stride:i * stride + HH, j * stride:j * stride + WW]
                    out[n, f, i, j] = (piece * kernel).sum() + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = pad_images(x, pad)
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        dimage = np.zeros((C, H + 2 * pad, W + 2 * pad))
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    rows = slice(i * stride, i * stride + HH)
                    cols = slice(j * stride, j * stride + WW)
                    dimage[:, rows, cols] += w[f] * dout[n, f, i, j]
                    dw[f] += xp[n][:, rows, cols] * dout[n, f, i, j]
            db[f] += dout[n, f].sum()
        dx[n] = dimage[:, pad:pad + H, pad:pad + W]
    return dx, dw, db
