"""Attention of one head as a class and of a batch as functions, and a gated unit: what stands between is known by a trace."""

import numpy as np


def softmax(z):
    z = z - z.max(-1, keepdims=True)
    ez = np.exp(z)
    return ez / ez.sum(-1, keepdims=True)


class SelfAttention:
    def __init__(self, d_model, d_head):
        self.Wq = np.random.randn(d_model, d_head) * 0.1
        self.Wk = np.random.randn(d_model, d_head) * 0.1
        self.Wv = np.random.randn(d_model, d_head) * 0.1
        self.d_head = d_head

    def forward(self, x):
        self.x = x
        self.q = x @ self.Wq
        self.k = x @ self.Wk
        self.v = x @ self.Wv
        s = self.q @ self.k.T / np.sqrt(self.d_head)
        self.a = softmax(s)
        return self.a @ self.v

    def backward(self, dy):
        dv = self.a.T @ dy
        da = dy @ self.v.T
        ds = self.a * (da - np.sum(da * self.a, axis=1, keepdims=True))
        ds = ds / np.sqrt(self.d_head)
        dq = ds @ self.k
        dk = ds.T @ self.q
        self.dWq = self.x.T @ dq
        self.dWk = self.x.T @ dk
        self.dWv = self.x.T @ dv
        dx = dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
        return dx


def attn_forward(Q, K, V):
    """Q, K, V of shape (N, T, D)."""
    D = Q.shape[-1]
    scale = 1.0 / np.sqrt(D)
    scores = np.matmul(Q, K.transpose(0, 2, 1)) * scale
    shifted = scores - scores.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    P = e / e.sum(axis=-1, keepdims=True)
    out = np.matmul(P, V)
    return out, (Q, K, V, P, scale)


def attn_backward(dout, cache):
    Q, K, V, P, scale = cache
    dV = np.matmul(P.transpose(0, 2, 1), dout)
    dP = np.matmul(dout, V.transpose(0, 2, 1))
    row = np.sum(dP * P, axis=-1, keepdims=True)
    dscores = P * (dP - row)
    dscores = dscores * scale
    dQ = np.matmul(dscores, K)
    dK = np.matmul(dscores.transpose(0, 2, 1), Q)
    return dQ, dK, dV


def sig(v):
    return 1 / (1 + np.exp(-v))


class GRUCell:
    """one step; h' = (1-z) * h + z * hc"""

    def __init__(self, n_in, n_hid):
        self.Wz = np.random.randn(n_in, n_hid) * 0.2
        self.Uz = np.random.randn(n_hid, n_hid) * 0.2
        self.Wr = np.random.randn(n_in, n_hid) * 0.2
        self.Ur = np.random.randn(n_hid, n_hid) * 0.2
        self.Wh = np.random.randn(n_in, n_hid) * 0.2
        self.Uh = np.random.randn(n_hid, n_hid) * 0.2

    def forward(self, x, h):
        self.x, self.h = x, h
        self.z = sig(x @ self.Wz + h @ self.Uz)
        self.r = sig(x @ self.Wr + h @ self.Ur)
        self.rh = self.r * h
        self.hc = np.tanh(x @ self.Wh + self.rh @ self.Uh)
        return (1 - self.z) * h + self.z * self.hc

    def backward(self, dout):
        dz = dout * (self.hc - self.h)
        dhc = dout * self.z
        dh = dout * (1 - self.z)
        dac = dhc * (1 - self.hc ** 2)
        daz = dz * self.z * (1 - self.z)
        drh = dac @ self.Uh.T
        dr = drh * self.h
        dar = dr * self.r * (1 - self.r)
        self.dWh = self.x.T @ dac
        self.dUh = self.rh.T @ dac
        self.dWz = self.x.T @ daz
        self.dUz = self.h.T @ daz
        self.dWr = self.x.T @ dar
        self.dUr = self.h.T @ dar
        dh = dh + drh * self.r + daz @ self.Uz.T + dar @ self.Ur.T
        dx = dac @ self.Wh.T + daz @ self.Wz.T + dar @ self.Wr.T
        return dx, dh


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    c = np.zeros((N, T, H))
    gates = np.zeros((N, T, 4 * H))
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in range(T):
        a = x[:, t].dot(Wx) + prev_h.dot(Wh) + b
        i = sigmoid(a[:, :H])
        f = sigmoid(a[:, H:2 * H])
        o = sigmoid(a[:, 2 * H:3 * H])
        g = np.tanh(a[:, 3 * H:])
        prev_c = f * prev_c + i * g
        prev_h = o * np.tanh(prev_c)
        gates[:, t] = np.hstack([i, f, o, g])
        c[:, t] = prev_c
        h[:, t] = prev_h
    cache = x, h0, Wx, Wh, gates, c, h
    return h, cache


def lstm_backward(dh, cache):
    x, h0, Wx, Wh, gates, c, h = cache
    N, T, D = x.shape
    H = h0.shape[1]
    dx = np.zeros_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H)
    dnext_h = np.zeros((N, H))
    dnext_c = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        i, f, o, g = np.split(gates[:, t], 4, axis=1)
        if t == 0:
            c_before, h_before = np.zeros((N, H)), h0
        else:
            c_before, h_before = c[:, t - 1], h[:, t - 1]
        tanh_c = np.tanh(c[:, t])
        d_h = dh[:, t] + dnext_h
        d_o = d_h * tanh_c
        d_c = d_h * o * (1 - tanh_c ** 2) + dnext_c
        d_f = d_c * c_before
        d_i = d_c * g
        d_g = d_c * i
        dnext_c = d_c * f
        d_a = np.hstack([d_i * i * (1 - i), d_f * f * (1 - f), d_o * o * (1 - o), d_g * (1 - g ** 2)])
        dx[:, t] = d_a.dot(Wx.T)
        dWx += x[:, t].T.dot(d_a)
        dWh += h_before.T.dot(d_a)
        db += d_a.sum(axis=0)
        dnext_h = d_a.dot(Wh.T)
    return dx, dnext_h, dWx, dWh, db
