"""The sigmoid squashes any number into (0, 1).

1 / (1 + exp(-x)) is exp(-log(1 + exp(-x))). Written so, nothing overflows, and both tails keep their digits: far out on
the left it is exp(x), and far out on the right its slope is exp(-x).
"""

import numpy as np


def sigmoid(x):
    # log(1 + exp(-x)): 0 far out on the right, -x on the left
    s = np.logaddexp(0, -x)
    # between 0 and 1, flat at both ends
    out = np.exp(-s)
    return out


def sigmoid_by_tanh(x):
    """A tanh, moved up and halved: it cannot overflow, but below -37 it is 0, and above 19 its slope is."""
    return (1 + np.tanh(x / 2)) / 2


def sigmoid_by_exp(x):
    """1 / (1 + exp(-x)), as the textbooks write it; exp overflows below -709."""
    return 1 / (1 + np.exp(-x))


def sigmoid_backward_simplified(dout, out):
    """The slope is out * (1 - out): the backward pass needs the output alone."""
    return dout * out * (1 - out)


ALTERNATIVES = {"forward": [sigmoid_by_tanh, sigmoid_by_exp], "backward": [sigmoid_backward_simplified]}


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 3.0, x)}


GROUP = "gates"
