import numpy as np


def _softmax(a):
    a = a - a.max(axis=-1, keepdims=True)
    e = np.exp(a)
    return e / e.sum(axis=-1, keepdims=True)


def attention_forward(q, k, v):
    """Scaled dot-product attention.

    q: (N, Tq, D)   k: (N, Tk, D)   v: (N, Tk, M)
    """
    d = q.shape[-1]
    scores = np.matmul(q, k.transpose(0, 2, 1)) / np.sqrt(d)
    w = _softmax(scores)
    out = np.matmul(w, v)
    return out, (q, k, v, w)


def attention_backward(dout, cache):
    q, k, v, w = cache
    d = q.shape[-1]
    dv = np.matmul(w.transpose(0, 2, 1), dout)
    dw = np.matmul(dout, v.transpose(0, 2, 1))
    dscores = w * (dw - np.sum(dw * w, axis=-1, keepdims=True))
    dscores = dscores / np.sqrt(d)
    dq = np.matmul(dscores, k)
    dk = np.matmul(dscores.transpose(0, 2, 1), q)
    return dq, dk, dv
