import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    rows = x.reshape(N, -1)
    out = rows.dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    rows = x.reshape(N, -1)
    dw = rows.T.dot(dout)
    db = dout.sum(axis=0)
    dx = dout.dot(w.T).reshape(*x.shape)
    return dx, dw, db
