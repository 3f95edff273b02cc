import numpy as np


def sigmoid(x):
    return 1. / (1. + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    z = x @ Wx + prev_h @ Wh + b
    z_i, z_f, z_o, z_g = np.split(z, 4, axis=1)
    i, f, o, g = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o), np.tanh(z_g)
    next_c = f * prev_c + i * g
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    cache = {'x': x, 'prev_h': prev_h, 'prev_c': prev_c, 'Wx': Wx, 'Wh': Wh,
             'gates': (i, f, o, g), 'tanh_c': tanh_c}
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g = cache['gates']
    tanh_c = cache['tanh_c']
    dct = dnext_c + dnext_h * o * (1 - tanh_c * tanh_c)
    N, H = dnext_h.shape
    dz = np.zeros((N, 4 * H))
    dz[:, :H] = dct * g * i * (1 - i)
    dz[:, H:2 * H] = dct * cache['prev_c'] * f * (1 - f)
    dz[:, 2 * H:3 * H] = dnext_h * tanh_c * o * (1 - o)
    dz[:, 3 * H:] = dct * i * (1 - g * g)
    dx = dz @ cache['Wx'].T
    dprev_h = dz @ cache['Wh'].T
    dprev_c = dct * f
    dWx = cache['x'].T @ dz
    dWh = cache['prev_h'].T @ dz
    db = dz.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    prev_h = h0
    prev_c = np.zeros((N, H))
    cache = {}
    for t in range(T):
        prev_h, prev_c, cache[t] = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0]['x'].shape[1]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H)
    dh_t, dc_t = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dh_t = dh_t + dh[:, t]
        dx[:, t], dh_t, dc_t, a, bb, c = lstm_step_backward(dh_t, dc_t, cache[t])
        dWx += a
        dWh += bb
        db += c
    return dx, dh_t, dWx, dWh, db
