"""Biases that are made a row and a column where they are added: word vectors from counts."""

import numpy as np


def glove_loss(W, C, bw, bc, X, x_max=100.0, alpha=0.75):
    f = np.minimum((X / x_max) ** alpha, 1.0)
    diff = W @ C.T + bw[:, None] + bc[None, :] - np.log(X)
    loss = 0.5 * np.sum(f * diff**2)
    g = f * diff
    grads = {"W": g @ C, "C": g.T @ W, "bw": g.sum(axis=1), "bc": g.sum(axis=0)}
    return loss, grads
