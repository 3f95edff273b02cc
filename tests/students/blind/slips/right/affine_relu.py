import numpy as np


def affine_forward(x, w, b):
    """
    x: (N, d_1, ..., d_k), w: (D, M), b: (M,)
    """
    # 先把x拉成二维
    N = x.shape[0]
    D = 1
    for k in range(1, len(x.shape)):
        D = D * x.shape[k]
    # xx = x.reshape(N, -1)
    xx = np.zeros((N, D))
    for i in range(N):
        xx[i] = x[i].ravel()
    out = xx.dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    # 反向传播
    N = x.shape[0]
    xx = np.reshape(x, (N, np.prod(x.shape[1:])))
    dx = dout.dot(w.T)
    dx = dx.reshape(x.shape)
    dw = np.dot(xx.T, dout)
    # db = dout
    # db = np.mean(dout, axis=0)
    db = np.zeros(b.shape)
    for n in range(N):
        db += dout[n]
    return dx, dw, db


def relu_forward(x):
    out = x * (x > 0)
    return out, x


def relu_backward(dout, cache):
    x = cache
    mask = np.zeros_like(x)
    mask[x > 0] = 1
    dx = dout * mask
    return dx
