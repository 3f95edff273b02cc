import numpy as np


def svm_loss(x, y):
    n, k = x.shape
    rows = np.arange(n)
    margins = np.maximum(x - x[rows, y].reshape(n, 1) + 1, 0)
    margins[rows, y] = 0
    loss = margins.sum() / n

    active = (margins > 0).astype(x.dtype)
    active[rows, y] = 0
    active[rows, y] = -active.sum(axis=1)
    return loss, active / n
