import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    H_out = (padded.shape[2] - HH) // stride + 1
    W_out = (padded.shape[3] - WW) // stride + 1
    out = np.zeros((N, F, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            region = padded[:, :, i * stride: i * stride + HH, j * stride: j * stride + WW]
            out[:, :, i, j] = np.einsum('nchw,fchw->nf', region, w) + b
    cache = (padded, w, conv_param, x.shape)
    return out, cache


def conv_backward_naive(dout, cache):
    padded, w, conv_param, (N, C, H, W) = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    F, _, HH, WW = w.shape
    dw = np.zeros_like(w)
    dpadded = np.zeros_like(padded)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = slice(i * stride, i * stride + HH)
            cols = slice(j * stride, j * stride + WW)
            dw += np.einsum('nf,nchw->fchw', dout[:, :, i, j], padded[:, :, rows, cols])
            dpadded[:, :, rows, cols] += np.einsum('nf,fchw->nchw', dout[:, :, i, j], w)
    db = np.einsum('nfhw->f', dout)
    dx = dpadded[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
