import numpy as np

def svm_loss(x, y):
    N = x.shape[0]
    idx = range(N)
    m = x - x[idx, y][:, None] + 1
    m[idx, y] = 0
    loss = m[m > 0].sum() / N
    dx = (m > 0).astype(float)
    dx[idx, y] = -np.sum(dx, axis=1)
    return loss, dx / N
