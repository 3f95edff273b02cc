import numpy as np

# layers used by the two layer net

def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db

def relu_forward(x):
    out = x.clip(min=0)
    return out, x

def relu_backward(dout, cache):
    x = cache
    dx = np.zeros_like(dout)
    keep = x > 0
    dx[keep] = dout[keep]
    return dx
