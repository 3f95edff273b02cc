import numpy as np


def word_embedding_forward(x, W):
    V = W.shape[0]
    N, T = x.shape
    onehot = np.zeros((N * T, V))
    onehot[np.arange(N * T), x.ravel()] = 1
    out = onehot.dot(W).reshape(N, T, -1)
    return out, (onehot, N, T)


def word_embedding_backward(dout, cache):
    onehot, N, T = cache
    flat = dout.reshape(N * T, -1)
    dW = onehot.T.dot(flat)
    return dW


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    out = []
    for t in range(T):
        out.append(x[:, t].dot(w) + b)
    return np.stack(out, axis=1), (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros(w.shape[1])
    for t in range(x.shape[1]):
        dout_t = dout[:, t]
        dx[:, t] = dout_t.dot(w.T)
        dw += x[:, t].T.dot(dout_t)
        db += dout_t.sum(axis=0)
    return dx, dw, db
