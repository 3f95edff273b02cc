"""The sigmoid squashes any number into (0, 1).

1 / (1 + exp(-x)) is (1 + tanh(x / 2)) / 2, which cannot overflow.
"""

import numpy as np


def sigmoid(x):
    # a sigmoid is half as steep as a tanh
    half = x / 2
    # between -1 and 1, flat at both ends
    t = np.tanh(half)
    # moved up and halved: between 0 and 1
    out = (1 + t) / 2
    return out


def sigmoid_by_exp(x):
    """1 / (1 + exp(-x)), as the textbooks write it; exp overflows below -709."""
    return 1 / (1 + np.exp(-x))


ALTERNATIVES = {"forward": [sigmoid_by_exp]}


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 3.0, x)}


GROUP = "gates"
