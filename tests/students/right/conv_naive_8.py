import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    """naive = 4 loops"""
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    pad, stride = conv_param['pad'], conv_param['stride']
    X = np.pad(x, ((0,0), (0,0), (pad,pad), (pad,pad)), 'constant')
    h = 1 + (H + 2*pad - HH)//stride
    v = 1 + (W + 2*pad - WW)//stride
    out = np.zeros((N, F, h, v))
    for n in range(N):
        for f in range(F):
            for i in range(h):
                for j in range(v):
                    out[n,f,i,j] = np.sum(X[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]*w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    pad, stride = conv_param['pad'], conv_param['stride']
    X = np.pad(x, ((0,0), (0,0), (pad,pad), (pad,pad)), 'constant')
    dX = np.zeros_like(X)
    dw = np.zeros_like(w)
    db = np.sum(dout, axis=(0,2,3))
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    dw[f] += X[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]*dout[n,f,i,j]
                    dX[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] += w[f]*dout[n,f,i,j]
    dx = dX[:, :, pad:pad+H, pad:pad+W]
    return dx, dw, db
