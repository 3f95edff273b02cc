import numpy as np

def affine_forward(x, w, b):
    N = x.shape[0]
    D = w.shape[0]
    M = w.shape[1]
    flat = np.reshape(x, (N, D))
    out = np.zeros((N, M))
    for i in range(N):
        for j in range(M):
            s = b[j]
            for k in range(D):
                s = s + flat[i, k] * w[k, j]
            out[i, j] = s
    return out, [x, w, b]

def affine_backward(dout, cache):
    x = cache[0]
    w = cache[1]
    b = cache[2]
    N, M = dout.shape
    D = w.shape[0]
    flat = np.reshape(x, (N, D))
    dflat = np.zeros((N, D))
    dw = np.zeros((D, M))
    db = np.zeros(M)
    for i in range(N):
        for j in range(M):
            g = dout[i, j]
            db[j] += g
            for k in range(D):
                dflat[i, k] += g * w[k, j]
                dw[k, j] += g * flat[i, k]
    dx = dflat.reshape(x.shape)
    return dx, dw, db

def relu_forward(x):
    out = np.zeros(x.shape)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        idx = it.multi_index
        if x[idx] > 0:
            out[idx] = x[idx]
        it.iternext()
    return out, x

def relu_backward(dout, cache):
    x = cache
    dx = np.zeros(x.shape)
    for idx in np.ndindex(*x.shape):
        if x[idx] > 0:
            dx[idx] = dout[idx]
    return dx
