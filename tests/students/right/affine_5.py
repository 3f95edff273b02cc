import numpy as np

def affine_forward(x, w, b):
    """ x is (N, d1, ..., dk), w is (D, M) """
    flat = x.reshape(len(x), -1)
    out = flat @ w + b
    return out, (x, flat, w)

def affine_backward(dout, cache):
    x, flat, w = cache
    dx = dout @ w.T
    dx = dx.reshape(x.shape)
    dw = flat.T @ dout
    db = dout.sum(0)
    return dx, dw, db
