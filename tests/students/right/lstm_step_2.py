import numpy as np


def sigmoid(x):
    # via logaddexp, does not overflow
    return np.exp(-np.logaddexp(0, -x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    dnext_c = dnext_c + dnext_h * o * (1 - tc ** 2)
    d_ai = dnext_c * g * i * (1 - i)
    d_af = dnext_c * prev_c * f * (1 - f)
    d_ao = dnext_h * tc * o * (1 - o)
    d_ag = dnext_c * i * (1 - g ** 2)
    da = np.concatenate((d_ai, d_af, d_ao, d_ag), axis=1)
    return da @ Wx.T, da @ Wh.T, dnext_c * f, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)
