"""Softmax with cross-entropy: how surprised the scores are by the right classes."""

import numpy as np

from backpropviz import stop_gradient


def softmax_loss(x, y):
    N = x.shape[0]
    # the largest score of every example, as a mere number
    top = stop_gradient(np.max(x, axis=1, keepdims=True))
    # taken off: exp cannot overflow, the loss stays the same
    shifted = x - top
    # every score becomes a positive weight
    e = np.exp(shifted)
    # what an example's weights add up to
    total = np.sum(e, axis=1, keepdims=True)
    # the log of every class's probability, e / total
    logp = shifted - np.log(total)
    # that of the right class, for every example
    right = logp[np.arange(N), y]
    # small where the right class got a high probability
    loss = -np.mean(right)
    return loss


def softmax_loss_of_probabilities(x, y):
    """By way of the probabilities, as the formula is read aloud; where one of them is 0 its log is lost."""
    N = x.shape[0]
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.sum(np.log(p[np.arange(N), y])) / N
    return loss


def softmax_loss_backward_simplified(dout, e, total, y):
    """The whole chain in one line: probabilities minus the right answers, over the batch size."""
    N = len(y)
    dx = e / total
    dx[np.arange(N), y] -= 1
    return (dout * dx / N,)


ALTERNATIVES = {
    "forward": [softmax_loss_of_probabilities],
    "backward": [softmax_loss_backward_simplified],
}


ENTRY = "logp"


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 2.0, x), "y": rng.integers(0, x[1], x[0])}


GROUP = "losses"
