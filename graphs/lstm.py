"""An LSTM over time: the same step at every moment; its cell carries the gradient far back."""

import numpy as np
from lstm_step import lstm_step


def lstm(x, h0, wx, wh, b):
    N, T, _ = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H), dtype=x.dtype)
    # before the first moment, nothing is in the cell
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(T):
        # what is heard now
        now = x[:, t]
        # state and cell of this moment
        prev_h, prev_c = lstm_step(now, prev_h, prev_c, wx, wh, b)
        # the state is an output; the cell is not
        h[:, t] = prev_h
    return h


def lstm_ahead(x, h0, wx, wh, b):
    """What is heard does not wait for what is remembered: one product for all moments, and one of all gates."""
    H = h0.shape[1]
    heard = x @ wx + b
    h = np.empty((*x.shape[:2], H), dtype=x.dtype)
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        a = heard[:, t] + prev_h @ wh
        i, f, o = np.split((1 + np.tanh(a[:, : 3 * H] / 2)) / 2, 3, axis=1)
        prev_c = f * prev_c + i * np.tanh(a[:, 3 * H :])
        prev_h = h[:, t] = o * np.tanh(prev_c)
    return h


def backpropagation_through_time(dout, x, h0, wx, wh, b):
    """Forward once more, to keep the gates; then from the last moment to the first."""
    T, H = x.shape[1], h0.shape[1]
    kept = []
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(T):
        a = x[:, t] @ wx + prev_h @ wh + b
        i, f, o = np.split((1 + np.tanh(a[:, : 3 * H] / 2)) / 2, 3, axis=1)
        g = np.tanh(a[:, 3 * H :])
        c = f * prev_c + i * g
        kept.append((i, f, o, g, c, prev_h, prev_c))
        prev_h, prev_c = o * np.tanh(c), c
    dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b)
    dh, dc = np.zeros_like(h0), np.zeros_like(h0)
    for t in reversed(range(T)):
        i, f, o, g, c, prev_h, prev_c = kept.pop()
        dh = dh + dout[:, t]
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)],
            axis=1,
        )
        dwx += x[:, t].T @ da
        dwh += prev_h.T @ da
        db += np.sum(da, axis=0)
        dx[:, t] = da @ wx.T
        dh, dc = da @ wh.T, dc * f
    return dx, dh, dwx, dwh, db


ALTERNATIVES = {"forward": [lstm_ahead], "backward": [backpropagation_through_time]}
SIZES = {"compare": {"x": (8, 20, 16), "h0": (8, 32)}, "elements": {"x": (1, 2, 1), "h0": (1, 1)}}


def sample(rng, *, x=(2, 3, 4), h0=None):
    h0 = h0 or (x[0], 5)
    features, units = x[2], h0[1]
    return {
        "x": rng.normal(0.0, 1.0, x),
        "h0": rng.normal(0.0, 0.5, h0),
        "wx": rng.normal(0.0, 0.5, (features, 4 * units)),
        "wh": rng.normal(0.0, 0.5, (units, 4 * units)),
        "b": rng.normal(0.0, 1.0, 4 * units),
    }


GROUP = "recurrent"
