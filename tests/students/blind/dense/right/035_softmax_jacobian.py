import numpy as np


def softmax_row(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def softmax_jacobian(p):
    return np.diag(p) - np.outer(p, p)


def softmax_loss(x, y):
    """Loss and gradient, one example at a time with the full Jacobian."""
    N = x.shape[0]
    dx = np.zeros_like(x)
    total = 0.0
    for n in range(N):
        p = softmax_row(x[n])
        py = max(p[y[n]], 1e-200)
        total -= np.log(py)
        J = softmax_jacobian(p)
        # row of the right class, divided by its probability
        if p[y[n]] > 1e-200:
            dx[n] = -J[y[n]] / py
        else:
            dx[n] = p
            dx[n, y[n]] -= 1
    return total / N, dx / N


def softmax_loss_naive(W, X, y, reg):
    scores = X.dot(W)
    loss, dscores = softmax_loss(scores, y)
    loss += reg * np.sum(np.square(W))
    dW = X.T.dot(dscores)
    dW += reg * 2 * W
    return loss, dW
