"""Recurrent steps and whole sequences by hand: a character model, LSTM and GRU steps in functions and classes."""

import numpy as np


def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """inputs, targets: lists of integers; hprev: (H, 1)."""
    vocab_size = Wxh.shape[1]
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return loss, dWxh, dWhh, dWhy, dbh, dby


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell_forward(x, h_prev, C_prev, Wf, Wi, Wc, Wo):
    z = np.hstack((h_prev, x))
    f = sigmoid(z @ Wf)
    i = sigmoid(z @ Wi)
    C_bar = np.tanh(z @ Wc)
    C = f * C_prev + i * C_bar
    o = sigmoid(z @ Wo)
    h = o * np.tanh(C)
    return h, C, (z, f, i, C_bar, C, o, C_prev, h_prev.shape[1], Wf, Wi, Wc, Wo)


def lstm_cell_backward(dh, dC_next, cache):
    z, f, i, C_bar, C, o, C_prev, H, Wf, Wi, Wc, Wo = cache
    do = dh * np.tanh(C)
    do = o * (1 - o) * do
    dC = dC_next + dh * o * (1 - np.tanh(C) ** 2)
    dC_bar = dC * i
    dC_bar = (1 - C_bar**2) * dC_bar
    di = dC * C_bar
    di = i * (1 - i) * di
    df = dC * C_prev
    df = f * (1 - f) * df
    dWf, dWi, dWc, dWo = z.T @ df, z.T @ di, z.T @ dC_bar, z.T @ do
    dz = df @ Wf.T + di @ Wi.T + dC_bar @ Wc.T + do @ Wo.T
    dh_prev = dz[:, :H]
    dx = dz[:, H:]
    dC_prev = f * dC
    return dx, dh_prev, dC_prev, dWf, dWi, dWc, dWo


def gru_forward(x, h, Wz, Uz, Wr, Ur, Wh, Uh):
    z = sigmoid(x @ Wz + h @ Uz)
    r = sigmoid(x @ Wr + h @ Ur)
    c = np.tanh(x @ Wh + (r * h) @ Uh)
    out = (1 - z) * h + z * c
    cache = (x, h, Wz, Uz, Wr, Ur, Wh, Uh, z, r, c)
    return out, cache


def gru_backward(dout, cache):
    x, h, Wz, Uz, Wr, Ur, Wh, Uh, z, r, c = cache
    dc = dout * z * (1 - c**2)
    dz = dout * (c - h) * z * (1 - z)
    drh = dc @ Uh.T
    dr = drh * h * r * (1 - r)
    dx = dz @ Wz.T + dr @ Wr.T + dc @ Wh.T
    dh = dout * (1 - z) + drh * r + dz @ Uz.T + dr @ Ur.T
    dWz, dWr, dWh = x.T @ dz, x.T @ dr, x.T @ dc
    dUz, dUr, dUh = h.T @ dz, h.T @ dr, (r * h).T @ dc
    return dx, dh, dWz, dUz, dWr, dUr, dWh, dUh


class RNN:
    """A layer over a whole sequence, (N, T, D) to (N, T, H)."""

    def __init__(self, n_in, n_hidden):
        self.Wx = np.random.randn(n_in, n_hidden) * 0.1
        self.Wh = np.random.randn(n_hidden, n_hidden) * 0.1
        self.b = np.zeros(n_hidden)

    def forward(self, x):
        N, T, D = x.shape
        H = self.Wh.shape[0]
        self.x = x
        self.h = np.zeros((N, T + 1, H))
        for t in range(T):
            self.h[:, t + 1] = np.tanh(x[:, t] @ self.Wx + self.h[:, t] @ self.Wh + self.b)
        return self.h[:, 1:]

    def backward(self, dout):
        N, T, D = self.x.shape
        self.dWx = np.zeros_like(self.Wx)
        self.dWh = np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dx = np.zeros_like(self.x)
        dh = np.zeros((N, self.Wh.shape[0]))
        for t in range(T - 1, -1, -1):
            da = (dout[:, t] + dh) * (1 - self.h[:, t + 1] ** 2)
            self.dWx += self.x[:, t].T @ da
            self.dWh += self.h[:, t].T @ da
            self.db += da.sum(axis=0)
            dx[:, t] = da @ self.Wx.T
            dh = da @ self.Wh.T
        return dx


def rnn_step_forward(x_t, h_prev, params):
    a = params["U"] @ x_t + params["W"] @ h_prev + params["b"]
    h = np.tanh(a)
    return h, {"x": x_t, "h_prev": h_prev, "h": h}


def rnn_step_backward(dh, cache, params):
    da = dh * (1 - cache["h"] ** 2)
    dx = params["U"].T @ da
    dh_prev = params["W"].T @ da
    grads = {"U": da @ cache["x"].T, "W": da @ cache["h_prev"].T, "b": da.sum(axis=1, keepdims=True)}
    return dx, dh_prev, grads


def cumulative_forward(x, decay=0.9):
    out = np.zeros_like(x)
    state = np.zeros(x.shape[1])
    for t in range(x.shape[0]):
        state = decay * state + (1 - decay) * x[t]
        out[t] = state
    return out


def cumulative_backward(dout, decay=0.9):
    dx = np.zeros_like(dout)
    dstate = np.zeros(dout.shape[1])
    for t in range(dout.shape[0] - 1, -1, -1):
        dstate = dstate + dout[t]
        dx[t] = (1 - decay) * dstate
        dstate = decay * dstate
    return dx


def bidirectional_forward(x, Wf, Wb):
    T = x.shape[0]
    f = np.zeros((T + 1, Wf.shape[0]))
    b = np.zeros((T + 1, Wb.shape[0]))
    for t in range(T):
        f[t + 1] = np.tanh(x[t] + f[t] @ Wf)
    for t in reversed(range(T)):
        b[t] = np.tanh(x[t] + b[t + 1] @ Wb)
    out = f[1:] + b[:-1]
    return out, (x, Wf, Wb, f, b)


def bidirectional_backward(dout, cache):
    x, Wf, Wb, f, b = cache
    T = x.shape[0]
    dx, dWf, dWb = np.zeros_like(x), np.zeros_like(Wf), np.zeros_like(Wb)
    carry = np.zeros(x.shape[1])
    for t in reversed(range(T)):
        d = (dout[t] + carry) * (1 - f[t + 1] ** 2)
        dx[t] += d
        dWf += np.outer(f[t], d)
        carry = d @ Wf.T
    carry = np.zeros(x.shape[1])
    for t in range(T):
        d = (dout[t] + carry) * (1 - b[t] ** 2)
        dx[t] += d
        dWb += np.outer(b[t + 1], d)
        carry = d @ Wb.T
    return dx, dWf, dWb
