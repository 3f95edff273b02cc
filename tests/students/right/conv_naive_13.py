import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for h in range(H_out):
                for v in range(W_out):
                    out[n, f, h, v] = np.sum(
                        x_pad[n, :, h*stride:h*stride+HH, v*stride:v*stride+WW] * w[f]
                    ) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    dx_pad = np.zeros_like(x_pad)
    for n in range(N):
        for f in range(F):
            for h in range(dout.shape[2]):
                for v in range(dout.shape[3]):
                    top, left = h*stride, v*stride
                    dw[f] += x_pad[n, :, top:top+HH, left:left+WW] * dout[n, f, h, v]
                    dx_pad[n, :, top:top+HH, left:left+WW] += w[f] * dout[n, f, h, v]
                    db[f] += dout[n, f, h, v]
        dx[n] = dx_pad[n, :, pad:pad+H, pad:pad+W]
    return dx, dw, db
