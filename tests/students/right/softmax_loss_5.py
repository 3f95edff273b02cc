import numpy as np

def softmax_loss(x, y):
    probs = np.exp(x - x.max(1)[:, None])
    probs /= probs.sum(1)[:, None]
    N = x.shape[0]
    rows = np.arange(N)
    loss = -np.log(np.maximum(probs[rows, y], 1e-300)).sum() / N
    dx = probs.copy()
    dx[rows, y] -= 1
    dx = dx / N
    return loss, dx
