import numpy as np


def softmax_loss_vectorized(W, X, y, reg):
    # Initialize the loss and gradient to zero.
    loss = 0.0
    dW = np.zeros_like(W)
    num_train = X.shape[0]
    num_class = W.shape[1]
    f = X.dot(W)
    f = (f.T - np.max(f, axis=1)).T
    p = np.exp(f)
    p = (p.T / np.sum(p, axis=1)).T
    ind = np.zeros(p.shape)
    ind[range(num_train), y] = 1
    loss = -np.sum(ind * np.log(p))
    loss /= num_train
    loss += reg * np.sum(W * W)
    dW = X.T.dot(p - ind)
    dW = dW / num_train
    dW = dW + reg * 2 * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    loss = 0.0
    dW = np.zeros(W.shape)
    N = len(y)
    S = X @ W
    right = S[range(N), list(y)]
    M = S - right[:, None] + 1
    M[range(N), list(y)] = 0
    M[M < 0] = 0
    loss = M.sum() / N + reg * (W ** 2).sum()
    M[M > 0] = 1
    count = M.sum(axis=1)
    M[range(N), list(y)] = -count
    dW = X.T @ M / N + 2 * reg * W
    return loss, dW
