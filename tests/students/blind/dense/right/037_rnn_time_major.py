import numpy as np


def tanh_grad(y):
    """derivative of tanh, written in terms of its output"""
    return 1 - y ** 2


def linear(x, W):
    return x.dot(W), (x, W)


def linear_back(dy, cache):
    x, W = cache
    return dy.dot(W.T), x.T.dot(dy)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a, cx = linear(x, Wx)
    r, ch = linear(prev_h, Wh)
    next_h = np.tanh(a + r + b)
    return next_h, (cx, ch, next_h)


def rnn_step_backward(dnext_h, cache):
    cx, ch, next_h = cache
    ds = dnext_h * tanh_grad(next_h)
    dx, dWx = linear_back(ds, cx)
    dprev_h, dWh = linear_back(ds, ch)
    db = ds.sum(0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    xs = x.transpose(1, 0, 2)
    T, N, D = xs.shape
    hs = np.zeros((T + 1, N, h0.shape[1]))
    hs[0] = h0
    for t in range(T):
        hs[t + 1] = np.tanh(xs[t].dot(Wx) + hs[t].dot(Wh) + b)
    return hs[1:].transpose(1, 0, 2), (xs, hs, Wx, Wh)


def rnn_backward(dh, cache):
    xs, hs, Wx, Wh = cache
    T, N, D = xs.shape
    dhs = dh.transpose(1, 0, 2)
    dxs = np.zeros_like(xs)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wh.shape[0])
    back = np.zeros((N, Wh.shape[0]))
    for t in range(T, 0, -1):
        ds = (dhs[t - 1] + back) * tanh_grad(hs[t])
        dxs[t - 1] = ds.dot(Wx.T)
        dWx += xs[t - 1].T.dot(ds)
        dWh += hs[t - 1].T.dot(ds)
        db += ds.sum(0)
        back = ds.dot(Wh.T)
    return dxs.transpose(1, 0, 2), back, dWx, dWh, db
