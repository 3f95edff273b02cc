"""Pairs foo_forward and foo_backward with a cache, for layers of one's own: norms, attention, embeddings, residual blocks."""

import numpy as np


def rmsnorm_forward(x, g, eps=1e-6):
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    xn = x / rms
    return xn * g, (x, g, rms, xn)


def rmsnorm_backward(dout, cache):
    x, g, rms, xn = cache
    dg = np.sum(dout * xn, axis=0)
    dxn = dout * g
    dx = (dxn - xn * np.mean(dxn * xn, axis=-1, keepdims=True)) / rms
    return dx, dg


def instancenorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=(2, 3), keepdims=True)
    var = x.var(axis=(2, 3), keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    out = gamma[None, :, None, None] * xhat + beta[None, :, None, None]
    return out, (xhat, std, gamma)


def instancenorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    d = dout * gamma[None, :, None, None]
    dx = (d - d.mean(axis=(2, 3), keepdims=True) - xhat * (d * xhat).mean(axis=(2, 3), keepdims=True)) / std
    return dx, dgamma, dbeta


def l2norm_forward(x):
    n = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    y = x / n
    return y, (y, n)


def l2norm_backward(dy, cache):
    y, n = cache
    return (dy - y * np.sum(dy * y, axis=1, keepdims=True)) / n


def softmax_rows(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_forward(q, k, v):
    d = q.shape[-1]
    scores = q @ k.T / np.sqrt(d)
    a = softmax_rows(scores)
    return a @ v, (q, k, v, a)


def attention_backward(dout, cache):
    q, k, v, a = cache
    d = q.shape[-1]
    dv = a.T @ dout
    da = dout @ v.T
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / np.sqrt(d)
    dq = ds @ k
    dk = ds.T @ q
    return dq, dk, dv


def self_attention_forward(x, Wq, Wk, Wv):
    Q, K, V = x @ Wq, x @ Wk, x @ Wv
    S = Q @ K.T
    A = softmax_rows(S)
    out = A @ V
    cache = {"x": x, "Wq": Wq, "Wk": Wk, "Wv": Wv, "Q": Q, "K": K, "V": V, "A": A}
    return out, cache


def self_attention_backward(dout, cache):
    x, A = cache["x"], cache["A"]
    dV = A.T @ dout
    dA = dout @ cache["V"].T
    dS = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    dQ = dS @ cache["K"]
    dK = dS.T @ cache["Q"]
    dWq, dWk, dWv = x.T @ dQ, x.T @ dK, x.T @ dV
    dx = dQ @ cache["Wq"].T + dK @ cache["Wk"].T + dV @ cache["Wv"].T
    return dx, dWq, dWk, dWv


def embedding_forward(ids, table):
    return table[ids], (ids, table.shape)


def embedding_backward(dout, cache):
    ids, shape = cache
    dtable = np.zeros(shape)
    np.add.at(dtable, ids, dout)
    return dtable


def residual_forward(x, W1, b1, W2, b2):
    h = x @ W1 + b1
    r = np.maximum(h, 0)
    out = x + r @ W2 + b2
    return out, (x, W1, W2, h, r)


def residual_backward(dout, cache):
    x, W1, W2, h, r = cache
    dW2 = r.T @ dout
    db2 = dout.sum(axis=0)
    dr = dout @ W2.T
    dh = dr * (h > 0)
    dW1 = x.T @ dh
    db1 = dh.sum(axis=0)
    dx = dout + dh @ W1.T
    return dx, dW1, db1, dW2, db2


def glu_forward(x, W, V, b, c):
    a = x @ W + b
    g = 1 / (1 + np.exp(-(x @ V + c)))
    return a * g, (x, W, V, a, g)


def glu_backward(dout, cache):
    x, W, V, a, g = cache
    da = dout * g
    ds = dout * a * g * (1 - g)
    dx = da @ W.T + ds @ V.T
    dW, dV = x.T @ da, x.T @ ds
    db, dc = da.sum(axis=0), ds.sum(axis=0)
    return dx, dW, dV, db, dc


def gate(a, p, q, k1, k2):
    s = 1 / (1 + np.exp(-(a @ k1)))
    t = np.tanh(a @ k2)
    return s * p + t * q


def gate_backward(up, a, p, q, k1, k2):
    s = 1 / (1 + np.exp(-(a @ k1)))
    t = np.tanh(a @ k2)
    dp, dq = up * s, up * t
    ds, dt = up * p * s * (1 - s), up * q * (1 - t**2)
    da = ds @ k1.T + dt @ k2.T
    return da, dp, dq, a.T @ ds, a.T @ dt


def attend_forward(e, f, g):
    w = e @ f.T
    w = np.exp(w - w.max(axis=1, keepdims=True))
    w = w / w.sum(axis=1, keepdims=True)
    return w @ g, (e, f, g, w)


def attend_backward(up, cache):
    e, f, g, w = cache
    dg = w.T @ up
    dw = up @ g.T
    ds = w * (dw - (dw * w).sum(axis=1, keepdims=True))
    return ds @ f, ds.T @ e, dg


def bilinear_forward(x, A, y):
    out = np.sum((x @ A) * y, axis=1)
    return out, (x, A, y)


def bilinear_backward(dout, cache):
    x, A, y = cache
    d = dout[:, None]
    return d * (y @ A.T), x.T @ (d * y), d * (x @ A)


def maxout_forward(x, W1, W2):
    a, b = x @ W1, x @ W2
    return np.maximum(a, b), (x, W1, W2, a > b)


def maxout_backward(dout, cache):
    x, W1, W2, first = cache
    da = np.where(first, dout, 0)
    db = np.where(first, 0, dout)
    return da @ W1.T + db @ W2.T, x.T @ da, x.T @ db


def highway_forward(x, W, b, Wt, bt):
    h = np.tanh(x.dot(W) + b)
    t = 1.0 / (1.0 + np.exp(-(x.dot(Wt) + bt)))
    out = h * t + x * (1 - t)
    return out, (x, W, Wt, h, t)


def highway_backward(dout, cache):
    x, W, Wt, h, t = cache
    dh = dout * t * (1 - h**2)
    dt = dout * (h - x) * t * (1 - t)
    dx = dout * (1 - t) + dh.dot(W.T) + dt.dot(Wt.T)
    return dx, x.T.dot(dh), dh.sum(0), x.T.dot(dt), dt.sum(0)


def pairwise_forward(x, y):
    diff = x[:, None, :] - y[None, :, :]
    d2 = np.sum(diff**2, axis=2)
    return d2, diff


def pairwise_backward(dout, diff):
    g = 2 * diff * dout[:, :, None]
    return g.sum(axis=1), -g.sum(axis=0)


def shift_forward(x, c):
    return x + c, x.shape


def shift_backward(up, shape):
    dc = up.sum(axis=0)
    return up, dc
