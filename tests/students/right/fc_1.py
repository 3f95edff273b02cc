import numpy as np

def fc_forward(x, w, b):
    N, D = x.shape[0], np.prod(x.shape[1:])
    x2 = x.reshape(N, D)
    return np.matmul(x2, w) + b.reshape(1, -1), (x, w, b)

def fc_backward(dout, cache):
    x, w, b = cache
    N, D = x.shape[0], np.prod(x.shape[1:])
    x2 = x.reshape(N, D)
    dx2 = np.matmul(dout, w.T)
    dw = np.matmul(x2.T, dout)
    db = np.sum(dout, axis=0)
    dx = dx2.reshape(x.shape)
    return dx, dw, db
