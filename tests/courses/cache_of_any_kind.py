"""(dout, cache), whatever the cache is: tuples, lists, dictionaries, caches in caches."""

import numpy as np


def gelu_forward(x):
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    return 0.5 * x * (1 + t), {"x": x, "t": t}


def gelu_backward(dout, cache):
    x, t = cache["x"], cache["t"]
    dinner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * dinner)


def bilinear_forward(x, U, V):
    a = x @ U
    c = x @ V
    return a * c, [x, U, V, a, c]


def bilinear_backward(dout, cache):
    x, U, V, a, c = cache
    da = dout * c
    dc = dout * a
    dU = x.T @ da
    dV = x.T @ dc
    dx = da @ U.T + dc @ V.T
    return dx, dU, dV


def softplus_fwd(z):
    return np.log(1 + np.exp(z)), z


def softplus_bwd(dout, z):
    return dout / (1 + np.exp(-z))


def two_forward(x, w1, b1, w2, b2):
    h, first = _tanh_layer(x, w1, b1)
    out, second = _tanh_layer(h, w2, b2)
    return out, (first, second)


def _tanh_layer(x, w, b):
    out = np.tanh(x @ w + b)
    return out, ((x, w), out)


def two_backward(dout, cache):
    first, second = cache
    dh, dw2, db2 = _tanh_layer_back(dout, second)
    dx, dw1, db1 = _tanh_layer_back(dh, first)
    return dx, dw1, db1, dw2, db2


def _tanh_layer_back(dout, cache):
    (x, w), out = cache
    dz = dout * (1 - out**2)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


class Scale:
    def forward(self, x, gamma, beta):
        norm = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
        unit = x / norm
        return gamma * unit + beta, (unit, norm, gamma)

    def backward(self, dout, cache):
        unit, norm, gamma = cache
        dgamma = np.sum(dout * unit, axis=0)
        dbeta = np.sum(dout, axis=0)
        dunit = dout * gamma
        dx = (dunit - unit * np.sum(dunit * unit, axis=1, keepdims=True)) / norm
        return dx, dgamma, dbeta


class Gate:
    def forward(self, x):
        s = 1 / (1 + np.exp(-x))
        cache = {"s": s, "x": x}
        return x * s, cache

    def backward(self, dout, cache):
        s = cache["s"]
        return dout * (s + cache["x"] * s * (1 - s))
