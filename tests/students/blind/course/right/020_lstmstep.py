import numpy as np


def sigmoid(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """
    One time step of an LSTM. Gates lie in the order i, f, o, g.
    """
    H = prev_h.shape[1]
    A = x @ Wx + prev_h @ Wh + b
    ai = A[:, :H]
    af = A[:, H:2 * H]
    ao = A[:, 2 * H:3 * H]
    ag = A[:, 3 * H:]
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (i, f, o, g, next_c, prev_c, prev_h, x, Wx, Wh)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """
    One time step of an LSTM, backward.
    """
    i, f, o, g, next_c, prev_c, prev_h, x, Wx, Wh = cache
    dnext_c = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    do = dnext_h * np.tanh(next_c)
    df = dnext_c * prev_c
    di = dnext_c * g
    dg = dnext_c * i
    dprev_c = dnext_c * f

    dai = i * (1 - i) * di
    daf = f * (1 - f) * df
    dao = o * (1 - o) * do
    dag = (1 - g * g) * dg
    dA = np.concatenate((dai, daf, dao, dag), axis=1)

    dx = dA @ Wx.T
    dprev_h = dA @ Wh.T
    dWx = x.T @ dA
    dWh = prev_h.T @ dA
    db = dA.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db
