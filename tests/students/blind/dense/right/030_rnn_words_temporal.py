from __future__ import print_function, division
from builtins import range
import numpy as np
from cs231n.layers import *


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (next_h, Wx, Wh, prev_h, x)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    next_h, Wx, Wh, prev_h, x = cache
    dscore = dnext_h * (1.0 - next_h ** 2)
    dx = dscore.dot(Wx.T)
    dWx = x.T.dot(dscore)
    dprev_h = dscore.dot(Wh.T)
    dWh = prev_h.T.dot(dscore)
    db = dscore.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = b.shape[0]
    h = np.zeros((N, T, H))
    cache = {}
    h[:, 0, :], cache[0] = rnn_step_forward(x[:, 0, :], h0, Wx, Wh, b)
    for i in range(1, T):
        h[:, i, :], cache[i] = rnn_step_forward(x[:, i, :], h[:, i - 1, :], Wx, Wh, b)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx_last, dprev_h, dWx, dWh, db = rnn_step_backward(dh[:, T - 1, :], cache[T - 1])
    D = dx_last.shape[1]
    dx = np.zeros((N, T, D))
    dx[:, T - 1, :] = dx_last
    for i in range(T - 2, -1, -1):
        dx[:, i, :], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, i, :] + dprev_h, cache[i])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    """x: (N, T) of integers, W: (V, D)"""
    N, T = x.shape
    V, D = W.shape
    out = np.zeros((N, T, D))
    for i in range(N):
        for j in range(T):
            out[i, j] = W[x[i, j]]
    cache = (x, W)
    return out, cache


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    N, T = x.shape
    for i in range(N):
        for j in range(T):
            dW[x[i, j]] += dout[i, j]
    return dW


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    cache = x, w, b, out
    return out, cache


def temporal_affine_backward(dout, cache):
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, cache = None, None, None
    #############################################################################
    # TODO: Implement the forward pass for a single timestep of an LSTM.        #
    #############################################################################
    return next_h, next_c, cache
