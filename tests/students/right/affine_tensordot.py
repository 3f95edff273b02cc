import numpy as np

def affine_forward(x, w, b):
    w_nd = w.reshape(x.shape[1:] + (w.shape[1],))
    k = x.ndim - 1
    out = np.tensordot(x, w_nd, axes=k)
    out = out + b
    return out, [x, w_nd, w.shape]

def affine_backward(dout, cache):
    x, w_nd, w_shape = cache
    dx = np.tensordot(dout, w_nd, axes=(1, w_nd.ndim - 1))
    dw = np.tensordot(x, dout, axes=(0, 0)).reshape(w_shape)
    db = np.add.reduce(dout)
    return dx, dw, db
