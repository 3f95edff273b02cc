import numpy as np


def _correct_mask(x, y):
    mask = np.zeros(x.shape, dtype=bool)
    mask[np.arange(y.size), y] = True
    return mask


def svm_loss(x, y, delta=1.0):
    n, c = x.shape
    right = _correct_mask(x, y)
    gap = x - x[right].reshape(n, 1) + delta
    active = (gap > 0) & ~right
    loss = gap[active].sum() / n
    grad = active.astype(x.dtype)
    grad[right] = -active.sum(axis=1)
    return loss, grad / n


def softmax_loss(x, y):
    n, c = x.shape
    right = _correct_mask(x, y)
    m = x.max(axis=1)
    e = np.exp(x - m[:, None])
    z = e.sum(axis=1)
    # -log p = m + log z - x_right
    loss = np.mean(m + np.log(z) - x[right])
    grad = e / z[:, None]
    grad = grad - right
    return loss, grad / n
