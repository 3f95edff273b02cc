import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """
    One time step of a tanh RNN.
    """
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """
    One time step of a tanh RNN, backward.
    """
    x, prev_h, Wx, Wh, b, next_h = cache
    draw = dnext_h * (1 - next_h * next_h)
    db = draw.sum(axis=0)
    dx, dWx = draw.dot(Wx.T), x.T.dot(draw)
    dprev_h, dWh = draw.dot(Wh.T), prev_h.T.dot(draw)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """
    A tanh RNN over a whole sequence.
    """
    N, T, D = x.shape
    xs = x.transpose(1, 0, 2)          # time first
    h = np.zeros((T, N, h0.shape[1]))
    cache = []
    h_prev = h0
    for t in range(T):
        h[t], c = rnn_step_forward(xs[t], h_prev, Wx, Wh, b)
        h_prev = h[t]
        cache.append(c)
    h = h.transpose(1, 0, 2)
    return h, cache


def rnn_backward(dh, cache):
    """
    Backward through the whole sequence.
    """
    N, T, H = dh.shape
    x0, _, Wx, Wh, b, _ = cache[0]
    dhs = dh.transpose(1, 0, 2)
    dxs = np.zeros((T, N, x0.shape[1]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh_prev = np.zeros((N, H))
    for t in range(T)[::-1]:
        dxs[t], dh_prev, gx, gh, gb = rnn_step_backward(dhs[t] + dh_prev, cache[t])
        dWx += gx
        dWh += gh
        db += gb
    dx = dxs.transpose(1, 0, 2)
    return dx, dh_prev, dWx, dWh, db
