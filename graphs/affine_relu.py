"""A layer with its nonlinearity: the sandwich that networks are stacked from."""

import math

from affine import affine
from relu import relu


def affine_relu(x, w, b):
    # every output weighs the whole input
    a = affine(x, w, b)
    # only what speaks for an output is passed on
    out = relu(a)
    return out


def sample(rng, *, x=(4, 3), w=None):
    w = w or (math.prod(x[1:]), 5)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[1]),
    }


GROUP = "networks"
