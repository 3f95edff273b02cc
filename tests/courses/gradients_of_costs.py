"""Costs and gradients of machine-learning courses: compute_gradient(y, tx, w), cost_function(theta, X, y), svm, energies."""

import numpy as np


def sigmoid(t):
    return 1.0 / (1 + np.exp(-t))


def compute_loss(y, tx, w):
    e = y - tx.dot(w)
    return 1 / 2 * np.mean(e**2)


def compute_gradient(y, tx, w):
    e = y - tx.dot(w)
    grad = -tx.T.dot(e) / len(e)
    return grad


def calculate_loss(y, tx, w):
    pred = sigmoid(tx.dot(w))
    loss = y.T.dot(np.log(pred)) + (1 - y).T.dot(np.log(1 - pred))
    return np.squeeze(-loss) * (1 / y.shape[0])


def calculate_gradient(y, tx, w):
    pred = sigmoid(tx.dot(w))
    grad = tx.T.dot(pred - y) * (1 / y.shape[0])
    return grad


def cost_function(theta, X, y):
    m = y.size
    h = sigmoid(X.dot(theta))
    J = -1 / m * (np.log(h).T.dot(y) + np.log(1 - h).T.dot(1 - y))
    return J


def gradient_function(theta, X, y):
    m = y.size
    h = sigmoid(X.dot(theta))
    return 1 / m * X.T.dot(h - y)


def cost_function_reg(theta, X, y, lambda_):
    m = y.shape[0]
    h = sigmoid(X @ theta)
    J = -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)) + lambda_ / (2 * m) * np.sum(theta[1:] ** 2)
    grad = X.T @ (h - y) / m
    grad[1:] = grad[1:] + lambda_ / m * theta[1:]
    return J, grad


def svm_loss(W, X, y, reg):
    n = X.shape[0]
    scores = X @ W
    correct = scores[np.arange(n), y][:, None]
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(n), y] = 0
    loss = margins.sum() / n + reg * np.sum(W * W)
    mask = (margins > 0).astype(float)
    mask[np.arange(n), y] = -mask.sum(axis=1)
    dW = X.T @ mask / n + 2 * reg * W
    return loss, dW


def ridge(w, X, y, lam):
    r = X @ w - y
    loss = r @ r + lam * w @ w
    grad = 2 * X.T @ r + 2 * lam * w
    return loss, grad


def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dw = 1 / m * np.dot(X, (A - Y).T)
    db = 1 / m * np.sum(A - Y)
    grads = {"dw": dw, "db": db}
    return grads, cost


def hopfield_energy(s, W, b):
    return -0.5 * s @ W @ s - b @ s


def hopfield_energy_grad(s, W, b):
    return -0.5 * (W + W.T) @ s - b


def free_energy(v, W, b, c):
    return -v @ b - np.sum(np.log(1 + np.exp(c + v @ W)), axis=-1)


def free_energy_grad(v, W, b, c):
    return -b - sigmoid(c + v @ W) @ W.T


def matrix_factorization_loss(U, V, R, mask):
    e = mask * (U @ V.T - R)
    loss = 0.5 * np.sum(e**2)
    dU = e @ V
    dV = e.T @ U
    return loss, dU, dV


def nn_cost_function(Theta1, Theta2, X, Y, lam):
    m = X.shape[0]
    a1 = np.hstack([np.ones((m, 1)), X])
    z2 = a1 @ Theta1.T
    a2 = np.hstack([np.ones((m, 1)), sigmoid(z2)])
    a3 = sigmoid(a2 @ Theta2.T)
    J = -np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3)) / m
    J += lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    delta3 = a3 - Y
    delta2 = (delta3 @ Theta2)[:, 1:] * sigmoid(z2) * (1 - sigmoid(z2))
    Theta1_grad = delta2.T @ a1 / m
    Theta2_grad = delta3.T @ a2 / m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]
    return J, Theta1_grad, Theta2_grad


def word2vec_loss(center, outside, negatives):
    """center, outside: (D,); negatives: (K, D)."""
    s = sigmoid(outside @ center)
    t = sigmoid(-negatives @ center)
    loss = -np.log(s) - np.sum(np.log(t))
    grad_center = (s - 1) * outside + (1 - t) @ negatives
    grad_outside = (s - 1) * center
    grad_negatives = np.outer(1 - t, center)
    return loss, grad_center, grad_outside, grad_negatives
