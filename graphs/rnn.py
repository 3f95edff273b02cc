"""A recurrent network over time: one state after the other, with the same weights at every moment."""

import numpy as np


def rnn(x, h0, wx, wh, b):
    N, T, _ = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H), dtype=x.dtype)
    # what is remembered before the first moment
    prev = h0
    for t in range(T):
        # what is heard now, and what is remembered
        a = x[:, t] @ wx + prev @ wh + b
        # the new state, squashed: it stays bounded
        prev = np.tanh(a)
        # kept: every moment is an output
        h[:, t] = prev
    return h


def rnn_ahead(x, h0, wx, wh, b):
    """What is heard does not wait for what is remembered: one product for all moments, before the loop."""
    heard = x @ wx + b
    h = np.empty((*x.shape[:2], h0.shape[1]), dtype=x.dtype)
    prev = h0
    for t in range(x.shape[1]):
        prev = h[:, t] = np.tanh(heard[:, t] + prev @ wh)
    return h


def backpropagation_through_time(dout, x, h0, h, wx, wh):
    """From the last moment to the first: each hands on what it owes to the one before."""
    dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros(wh.shape[1], dtype=x.dtype)
    dprev = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        da = (dout[:, t] + dprev) * (1 - h[:, t] ** 2)
        dwx += x[:, t].T @ da
        dwh += (h[:, t - 1] if t else h0).T @ da
        db += np.sum(da, axis=0)
        dx[:, t] = da @ wx.T
        dprev = da @ wh.T
    return dx, dprev, dwx, dwh, db


def backpropagation_at_once(dout, x, h0, h, wx, wh):
    """Only what is handed on needs the loop: the weights' gradients are one product over all moments."""
    N, T, H = h.shape
    da = np.empty_like(h)
    dprev = np.zeros_like(h0)
    for t in reversed(range(T)):
        da[:, t] = (dout[:, t] + dprev) * (1 - h[:, t] ** 2)
        dprev = da[:, t] @ wh.T
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    rows = da.reshape(N * T, H)
    return da @ wx.T, dprev, x.reshape(N * T, -1).T @ rows, before.reshape(N * T, H).T @ rows, np.sum(rows, axis=0)


ALTERNATIVES = {
    "forward": [rnn_ahead],
    "backward": [backpropagation_through_time, backpropagation_at_once],
}
SIZES = {"compare": {"x": (8, 20, 16), "h0": (8, 32)}, "elements": {"x": (1, 2, 1), "h0": (1, 2)}}


def sample(rng, *, x=(2, 3, 4), h0=None):
    h0 = h0 or (x[0], 5)
    features, units = x[2], h0[1]
    return {
        "x": rng.normal(0.0, 1.0, x),
        "h0": rng.normal(0.0, 0.5, h0),
        "wx": rng.normal(0.0, 0.5, (features, units)),
        "wh": rng.normal(0.0, 0.5, (units, units)),
        "b": rng.normal(0.0, 1.0, units),
    }


GROUP = "recurrent"
