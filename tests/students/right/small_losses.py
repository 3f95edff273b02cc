import numpy as np


def svm_loss(x, y):
    N = len(y)
    rows = np.arange(N)
    gap = np.maximum(0, x - x[rows, y].reshape(-1, 1) + 1)
    gap[rows, y] = 0
    loss = gap.sum() / N
    dx = (gap > 0).astype(float)
    dx[rows, y] -= dx.sum(axis=1)
    dx /= N
    return loss, dx


def softmax_loss(x, y):
    N = x.shape[0]
    s = x - x.max(axis=1, keepdims=True)
    Z = np.exp(s).sum(axis=1, keepdims=True)
    logp = s - np.log(Z)
    loss = -logp[np.arange(N), y].sum() / N
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    dx = dx / N
    return loss, dx
