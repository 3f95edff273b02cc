import numpy as np

def softmax_loss(x, y):
    s = x - x.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    n = len(y)
    loss = -logp[np.arange(n), y].mean()
    onehot = np.zeros_like(x)
    onehot[np.arange(n), y] = 1
    dx = (np.exp(logp) - onehot) / n
    return loss, dx
