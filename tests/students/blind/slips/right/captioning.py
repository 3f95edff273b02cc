import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = i, f, o, g, x, prev_h, prev_c, Wx, Wh, next_c
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, x, prev_h, prev_c, Wx, Wh, next_c = cache
    tanh_c = np.tanh(next_c)
    dnext_c = dnext_c + dnext_h * o * (1 - tanh_c ** 2)
    dout_gate = dnext_h * tanh_c
    dforget = dnext_c * prev_c
    dinput = dnext_c * g
    dcand = dnext_c * i
    dprev_c = dnext_c * f
    da = np.hstack((i * (1 - i) * dinput,
                    f * (1 - f) * dforget,
                    o * (1 - o) * dout_gate,
                    (1 - g ** 2) * dcand))
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    _, H = h0.shape
    h = np.zeros((N, T, H))
    c = np.zeros((N, H))
    caches = []
    hh = h0
    for t in range(T):
        hh, c, cache_t = lstm_step_forward(x[:, t], hh, c, Wx, Wh, b)
        h[:, t] = hh
        caches.append(cache_t)
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][4].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros(4 * H)
    dc = np.zeros((N, H))
    dh_prev = np.zeros((N, H))
    for t in range(T):
        k = T - 1 - t
        dht = dh[:, k] + dh_prev
        dx_t, dh_prev, dc, dWx_t, dWh_t, db_t = lstm_step_backward(dht, dc, cache[k])
        dx[:, k] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh_prev, dWx, dWh, db
