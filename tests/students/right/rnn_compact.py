import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = (1 - next_h**2) * dnext_h
    dx, dprev_h = dz @ Wx.T, dz @ Wh.T
    dWx, dWh = x.T @ dz, prev_h.T @ dz
    db = dz.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    x = x.transpose(1, 0, 2)
    hs, steps = [], []
    h = h0
    for xt in x:
        h, step = rnn_step_forward(xt, h, Wx, Wh, b)
        hs.append(h)
        steps.append(step)
    return np.stack(hs, axis=1), steps


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x0, _, Wx, Wh, _ = cache[0]
    dx = np.zeros((N, T, x0.shape[1]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    carry = np.zeros((N, H))
    for t in range(T)[::-1]:
        dx[:, t], carry, a, c, d = rnn_step_backward(dh[:, t] + carry, cache[t])
        dWx += a
        dWh += c
        db += d
    return dx, carry, dWx, dWh, db
