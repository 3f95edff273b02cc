"""Layers over time and embeddings that keep what they compute in single precision."""

import numpy as np


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.h, self.dh = None, None
        self.stateful = stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        D, H = Wx.shape
        hs = np.empty((N, T, H), dtype="f")
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype="f")
        h = self.h
        self.states = [h]
        for t in range(T):
            h = np.tanh(np.dot(h, Wh) + np.dot(xs[:, t, :], Wx) + b)
            self.states.append(h)
            hs[:, t, :] = h
        self.h = h
        self.xs = xs
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        D, H = Wx.shape
        dxs = np.empty((N, T, D), dtype="f")
        dh = 0
        grads = [0, 0, 0]
        for t in reversed(range(T)):
            dt = (dhs[:, t, :] + dh) * (1 - self.states[t + 1] ** 2)
            grads[2] = grads[2] + np.sum(dt, axis=0)
            grads[1] = grads[1] + np.dot(self.states[t].T, dt)
            grads[0] = grads[0] + np.dot(self.xs[:, t, :].T, dt)
            dxs[:, t, :] = np.dot(dt, Wx.T)
            dh = np.dot(dt, Wh.T)
        for i, grad in enumerate(grads):
            self.grads[i][...] = grad
        self.dh = dh
        return dxs


class Affine:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m).astype(np.float32)
        self.b = np.zeros(m, dtype=np.float32)

    def forward(self, x):
        self.x = x.astype(np.float32)
        return self.x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


def softplus_forward(x):
    x = np.asarray(x, dtype=np.float32)
    return np.log1p(np.exp(x)), x


def softplus_backward(dout, cache):
    return dout / (1 + np.exp(-cache))


class Embedding:
    def __init__(self, vocab_size, dim):
        self.W = np.random.randn(vocab_size, dim) * 0.01

    def forward(self, ids):
        # ids: (batch, time) whole numbers
        self.ids = ids
        return self.W[ids]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.ids, dout)
        return None


class TokenEmbedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        out = W[idx]
        return out

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)


class TimeEmbedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.xs = None

    def forward(self, xs):
        N, T = xs.shape
        V, D = self.params[0].shape
        out = np.empty((N, T, D), dtype="f")
        self.xs = xs
        for t in range(T):
            out[:, t, :] = self.params[0][xs[:, t]]
        return out

    def backward(self, dout):
        N, T, D = dout.shape
        grad = np.zeros_like(self.params[0])
        for t in range(T):
            for n in range(N):
                grad[self.xs[n, t]] += dout[n, t]
        self.grads[0][...] = grad
        return None


def embedding_forward(ids, table):
    B, T = ids.shape
    out = table[ids.reshape(-1)].reshape(B, T, -1)
    return out, (ids, table.shape)


def embedding_backward(dout, cache):
    ids, shape = cache
    dtable = np.zeros(shape)
    flat = dout.reshape(-1, shape[1])
    for row, token in enumerate(ids.reshape(-1)):
        dtable[token] += flat[row]
    return dtable
