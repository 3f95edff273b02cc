import numpy as np


def get_softmax(scores):
    """helper: rowwise softmax"""
    exps = np.exp(scores - np.max(scores, axis=1)[:, np.newaxis])
    return exps / np.sum(exps, axis=1)[:, np.newaxis]


def to_onehot(y, k):
    res = np.zeros((y.shape[0], k), dtype=np.float)
    for r, c in enumerate(y.astype(np.int)):
        res[r, c] = 1
    return res


def softmax_loss(x, y):
    probs = get_softmax(x)
    onehot = to_onehot(y, x.shape[1])
    N = float(x.shape[0])
    loss = -np.sum(onehot * np.log(np.maximum(probs, 1e-300))) / N
    dx = (probs - onehot) / N
    return loss, dx


def svm_loss(x, y):
    N, C = x.shape
    onehot = to_onehot(y, C)
    right = np.sum(x * onehot, axis=1)
    loss = 0.
    dx = np.zeros(x.shape, dtype=np.float)
    for i in xrange(N):
        for j in xrange(C):
            if onehot[i, j]:
                continue
            m = x[i, j] - right[i] + 1
            if m > 0:
                loss += m
                dx[i, j] += 1
                dx[i, y[i]] -= 1
    return loss / N, dx / N
