import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    H_ = 1 + (H + 2 * pad - HH) // stride
    W_ = 1 + (W + 2 * pad - WW) // stride
    x_ = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
    out = np.zeros((N, F, H_, W_))
    for i in range(N):
        for j in range(F):
            for k in range(H_):
                for l in range(W_):
                    out[i, j, k, l] = np.sum(w[j] * x_[i, :, k*stride:k*stride+HH, l*stride:l*stride+WW]) + b[j]
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    _, _, H_, W_ = dout.shape
    x_ = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
    dx_ = np.zeros_like(x_)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for i in range(N):
        for j in range(F):
            for k in range(H_):
                for l in range(W_):
                    db[j] += dout[i, j, k, l]
                    dw[j] += dout[i, j, k, l] * x_[i, :, k*stride:k*stride+HH, l*stride:l*stride+WW]
                    dx_[i, :, k*stride:k*stride+HH, l*stride:l*stride+WW] += dout[i, j, k, l] * w[j]
    dx = dx_[:, :, pad:H+pad, pad:W+pad]
    return dx, dw, db
