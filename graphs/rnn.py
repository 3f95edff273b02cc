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
