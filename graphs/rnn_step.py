"""One step of a recurrent network: a new state from the input and the old state."""

import numpy as np


def rnn_step(x, h, wx, wh, b):
    # what the input says
    from_x = x @ wx
    # what the network remembers
    from_h = h @ wh
    # both together, with a bias for each unit
    a = from_x + from_h + b
    # squashed: the state stays bounded over many steps
    next_h = np.tanh(a)
    return next_h


def sample(rng, *, x=(4, 3), h=None):
    h = h or (x[0], 5)
    features, units = x[1], h[1]
    return {
        "x": rng.normal(0.0, 1.0, x),
        "h": rng.normal(0.0, 0.5, h),
        "wx": rng.normal(0.0, 0.5, (features, units)),
        "wh": rng.normal(0.0, 0.5, (units, units)),
        "b": rng.normal(0.0, 1.0, units),
    }


GROUP = "recurrent"
