"""A network of functions that gives scores without targets: fc_net(params, X, y=None) -> loss, grads."""

import numpy as np


def scores_of(params, X):
    hidden = (X @ params["W1"] + params["b1"]).clip(0)
    return hidden @ params["W2"] + params["b2"], hidden


def fc_net(params, X, y=None, reg=0.0):
    N = X.shape[0]
    scores, hidden = scores_of(params, X)
    if y is None:
        return scores
    shifted = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).mean()
    loss += reg * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))
    d = probs.copy()
    d[np.arange(N), y] -= 1
    d /= N
    grads = {"W2": hidden.T @ d + 2 * reg * params["W2"], "b2": d.sum(axis=0)}
    d = d @ params["W2"].T
    d[hidden == 0] = 0
    grads["W1"] = X.T @ d + 2 * reg * params["W1"]
    grads["b1"] = d.sum(axis=0)
    return loss, grads


def linear_svm(W, X, y=None, reg=0.1):
    scores = X @ W
    if y is None:
        return scores
    rows = np.arange(len(X))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / len(X) + reg * np.sum(W * W)
    ones = (margins > 0).astype(float)
    ones[rows, y] = -ones.sum(axis=1)
    dW = X.T @ ones / len(X) + 2 * reg * W
    return loss, dW
