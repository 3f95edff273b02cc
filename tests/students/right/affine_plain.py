import numpy as np
from cs231n.layers_fast import *


def affine_forward(x, w, b):
    out = None
    N = x.shape[0]
    X = x.reshape([N, -1])
    out = X.dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    N = x.shape[0]
    X = x.reshape([N, -1])
    dX = dout.dot(w.T)
    dx = dX.reshape(x.shape)
    dw = X.T.dot(dout)
    db = dout.T.dot(np.ones(N))
    return dx, dw, db
