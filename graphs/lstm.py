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
