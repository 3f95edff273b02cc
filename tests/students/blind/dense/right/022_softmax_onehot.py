import numpy as np


def softmax_loss_vectorized(W, X, y, reg):
    N, C = X.shape[0], W.shape[1]
    S = X @ W
    S = S - S.max(axis=1, keepdims=True)
    logP = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    Y = (np.arange(C)[None, :] == y[:, None]).astype(float)
    loss = -(Y * logP).sum() / N + reg * (W ** 2).sum()
    dS = (np.exp(logP) - Y) / N
    dW = X.T @ dS + 2 * reg * W
    return loss, dW


def softmax_loss_naive(W, X, y, reg):
    N = X.shape[0]
    loss, dW = 0.0, np.zeros(W.shape)
    for xi, yi in zip(X, y):
        f = W.T @ xi
        f = f - f.max()
        p = np.exp(f) / np.exp(f).sum()
        loss += np.log(np.exp(f).sum()) - f[yi]
        p[yi] -= 1
        dW += np.outer(xi, p)
    loss = loss / N + reg * (W ** 2).sum()
    dW = dW / N + 2 * reg * W
    return loss, dW
