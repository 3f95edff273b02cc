import numpy as np
from random import shuffle


def svm_loss_naive(W, X, y, reg):
    """Structured SVM loss; regularisation is 0.5 * reg * ||W||^2."""
    D, C = W.shape
    N = X.shape[0]
    losses = np.zeros(N)
    dW = np.zeros((D, C))
    for n in range(N):
        s = np.array([X[n].dot(W[:, c]) for c in range(C)])
        m = s - s[y[n]] + 1
        m[y[n]] = 0
        viol = np.where(m > 0)[0]
        losses[n] = m[viol].sum()
        coef = np.zeros(C)
        coef[viol] = 1
        coef[y[n]] = -len(viol)
        dW += np.outer(X[n], coef)
    loss = losses.mean() + 0.5 * reg * np.sum(W * W)
    dW = dW / N + reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    S = X.dot(W)
    M = S.T - np.choose(y, S.T) + 1      # (C, N)
    M[y, range(N)] = 0
    M = np.maximum(M, 0)
    loss = M.sum() / N + 0.5 * reg * np.sum(W * W)
    G = np.sign(M)
    G[y, range(N)] = -G.sum(axis=0)
    dW = G.dot(X).T / N
    dW += reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    S = X.dot(W).T                       # (C, N)
    S -= S.max(axis=0)
    P = np.exp(S)
    loss = np.sum(np.log(P.sum(axis=0)) - S[y, range(N)]) / N
    P /= P.sum(axis=0)
    loss += 0.5 * reg * np.sum(W * W)
    P[y, range(N)] -= 1
    dW = P.dot(X).T / N
    dW += reg * W
    return loss, dW
