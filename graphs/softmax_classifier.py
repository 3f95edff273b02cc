"""A linear classifier by softmax: it learns by cross-entropy, and pays for large weights."""

import numpy as np
from softmax_loss import softmax_loss


def softmax_classifier(w, x, y, *, reg=0.1, share=1.0):
    # a score for every class of every example
    scores = x @ w
    # how surprised the scores are by the right classes
    data_loss = softmax_loss(scores, y)
    # every weight costs its square, or a share of it
    penalty = share * reg * np.sum(w**2)
    # to explain the data by small weights is best
    loss = data_loss + penalty
    return loss


def sample(rng, *, w=(3, 4), x=None):
    x = x or (5, w[0])
    return {
        "w": rng.normal(0.0, 0.5, w),
        "x": rng.normal(0.0, 1.0, x),
        "y": rng.integers(0, w[1], x[0]),
    }


GROUP = "networks"
