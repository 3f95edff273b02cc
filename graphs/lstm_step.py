"""One step of an LSTM: gates decide what its cell forgets, takes in, and shows."""

import numpy as np
from sigmoid import sigmoid


def lstm_step(x, h, c, wx, wh, b):
    H = h.shape[1]
    # input and old state, weighted for all four parts at once
    a = x @ wx + h @ wh + b
    # a quarter of it for the input gate
    ai = a[:, :H]
    # one for the forget gate
    af = a[:, H : 2 * H]
    # one for the output gate
    ao = a[:, 2 * H : 3 * H]
    # and one for the content
    ag = a[:, 3 * H :]
    # how much of the new content is let in, from 0 to 1
    i = sigmoid(ai)
    # how much of the old cell is kept
    f = sigmoid(af)
    # how much of the cell is shown
    o = sigmoid(ao)
    # the new content
    g = np.tanh(ag)
    # a sum: the gradient passes along the cell without fading
    next_c = f * c + i * g
    # the state is what the output gate lets through
    next_h = o * np.tanh(next_c)
    return next_h, next_c


def sample(rng, *, x=(4, 3), h=None):
    h = h or (x[0], 2)
    features, units = x[1], h[1]
    return {
        "x": rng.normal(0.0, 1.0, x),
        "h": rng.normal(0.0, 0.5, h),
        "c": rng.normal(0.0, 1.0, h),
        "wx": rng.normal(0.0, 0.5, (features, 4 * units)),
        "wh": rng.normal(0.0, 0.5, (units, 4 * units)),
        "b": rng.normal(0.0, 1.0, 4 * units),
    }


GROUP = "recurrent"
