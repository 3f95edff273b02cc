"""A normalized layer: fully connected, batch normalization, nonlinearity."""

import math

from affine import affine
from batchnorm import batchnorm
from relu import relu


def affine_bn_relu(x, w, b, gamma, beta, *, eps=1e-5):
    # every output weighs the whole input
    a = affine(x, w, b)
    # every output gets mean and scale of its own: b is lost here
    normed = batchnorm(a, gamma, beta, eps=eps)
    # only what is above zero is passed on
    out = relu(normed)
    return out


def sample(rng, *, x=(4, 3), w=None):
    w = w or (math.prod(x[1:]), 5)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[1]),
        "gamma": rng.uniform(0.5, 2.0, w[1]),
        "beta": rng.normal(0.0, 1.0, w[1]),
    }


GROUP = "networks"
