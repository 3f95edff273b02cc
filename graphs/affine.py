"""A fully connected layer: each output weighs the whole input and adds a bias."""

import math


def affine(x, w, b):
    N = x.shape[0]
    # every example becomes one row, whatever shape it had
    rows = x.reshape(N, -1)
    # every output weighs all entries of a row
    scores = rows @ w
    # one bias for each output
    out = scores + b
    return out


SIZES = {"entries": {"x": (3, 4), "w": (4, 2)}}


def sample(rng, *, x=(4, 3, 2), w=None):
    w = w or (math.prod(x[1:]), 5)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[1]),
    }


GROUP = "gates"
