"""Softmax with cross-entropy over time: every moment has a right word, and padding does not count."""

import numpy as np

from backpropviz import stop_gradient


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    # every moment of every sequence becomes a row
    rows = x.reshape(N * T, V)
    # the largest score of every row, as a mere number
    top = stop_gradient(np.max(rows, axis=1, keepdims=True))
    # taken off: exp cannot overflow, the loss stays the same
    shifted = rows - top
    # what the weights of all words add up to
    total = np.sum(np.exp(shifted), axis=1, keepdims=True)
    # the log of every word's probability
    logp = shifted - np.log(total)
    # that of the right word, at every moment
    right = logp[np.arange(N * T), y.reshape(N * T)]
    # moments after a sequence's end are left out
    counted = mask.reshape(N * T) * right
    # summed over time, on average over the sequences
    loss = -np.sum(counted) / N
    return loss


def sample(rng, *, x=(2, 3, 4)):
    N, T, V = x
    lengths = rng.integers(1, T + 1, N)
    return {
        "x": rng.normal(0.0, 2.0, x),
        "y": rng.integers(0, V, (N, T)),
        "mask": np.arange(T) < lengths[:, None],
    }


GROUP = "losses"
