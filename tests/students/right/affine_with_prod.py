import numpy as np


def affine_forward(x, w, b):
    """
    Inputs:
    - x: (N, d_1, ..., d_k)
    - w: (D, M)
    - b: (M,)
    """
    N = x.shape[0]
    D = np.prod(x.shape[1:])
    x2 = np.reshape(x, (N, D))
    out = np.dot(x2, w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    M = w.shape[1]
    x2 = np.reshape(x, (N, -1))
    dx2 = np.dot(dout, w.T)
    dx = dx2.reshape(x.shape)
    dw = np.dot(x2.T, dout)
    db = np.zeros(M)
    for i in range(N):
        db += dout[i]
    return dx, dw, db
