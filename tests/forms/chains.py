"""Functions whose backward pass has a short form, as people write them: chains."""

import numpy as np


def attn_softmax(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(s - np.max(s, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    o = p @ v
    return o


def attn_helper(q, k, v):
    d = q.shape[-1]
    scores = np.matmul(q, np.swapaxes(k, -1, -2)) / np.sqrt(d)
    weights = soft(scores)
    return weights @ v


def soft(s):
    w = np.exp(s)
    return w / w.sum(-1, keepdims=True)


def affine_chain(x, w1, b1, w2, b2):
    h = x @ w1 + b1
    out = h @ w2 + b2
    return out


def two_scales(x):
    a = 3 * x + 1
    b = 2 * a - 4
    c = b / 6
    return c


def scale_chain(x, s, t):
    a = s * x
    b = a + t
    c = 2 * b
    d = c - x * s
    return d


def mlp_sig(x, w, b):
    z = x @ w + b
    h = 1 / (1 + np.exp(-z))
    return h


def ratio(a, b):
    s = a + b
    return a / s


def variance(x):
    m = np.mean(x, axis=0)
    return np.mean((x - m) ** 2, axis=0)


def polynomial(x):
    return x**3 - 2 * x * x + x
