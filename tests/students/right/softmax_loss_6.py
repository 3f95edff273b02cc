import numpy as np


def softmax_loss(x, y):
    """returns loss, gradient on the scores"""
    num = x.shape[0]
    shifted = x - np.max(x, axis=1)[:, np.newaxis]
    exp_scores = np.exp(shifted)
    sums = exp_scores.sum(axis=1)
    loss = np.mean(np.log(sums) - shifted[range(num), y])
    dx = exp_scores / sums[:, np.newaxis]
    dx[range(num), y] -= 1.0
    return loss, dx / num
