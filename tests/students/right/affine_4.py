import numpy as np

def affine_forward(x, w, b):
    """Fully connected layer, x gets flattened"""
    z = x.reshape(x.shape[0], w.shape[0]).dot(w)
    z += b
    return z, (w, x)

def affine_backward(dout, cache):
    w, x = cache
    dw = x.reshape(x.shape[0], w.shape[0]).T.dot(dout)
    dx = dout.dot(w.T).reshape(x.shape)
    db = dout.sum(axis=0)
    return dx, dw, db
