import numpy as np

def svm_loss(x, y):
    rows = np.arange(len(y))
    gap = 1.0 + x - x[rows, y].reshape(-1, 1)
    gap[rows, y] = 0
    hit = gap > 0
    loss = np.where(hit, gap, 0).sum() / len(y)
    dx = hit.astype(float)
    dx[rows, y] = -hit.sum(axis=1)
    return loss, dx / len(y)
