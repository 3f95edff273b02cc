"""The support vector loss: wrong classes have to stay a margin below the right one."""

import numpy as np


def svm_loss(x, y, *, margin=1.0):
    N, C = x.shape
    # the score of the right class, for every example
    right = x[np.arange(N), y]
    # how far every score reaches into the margin below it
    reach = x - right[:, None] + margin
    # a class that keeps its distance costs nothing
    hinge = np.maximum(0, reach)
    # the right class does not compete with itself
    wrong = np.arange(C) != y[:, None]
    # so its margin is left out
    cost = hinge * wrong
    # what all classes reach in, on average over the batch
    loss = np.sum(cost) / N
    return loss


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 1.0, x), "y": rng.integers(0, x[1], x[0])}


GROUP = "losses"
