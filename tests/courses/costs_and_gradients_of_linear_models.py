"""Linear models: a cost and its gradient of a target, examples and weights."""

import numpy as np


def compute_loss_mse(y, tx, w):
    e = y - tx.dot(w)
    return 1 / 2 * np.mean(e**2)


def compute_gradient_mse(y, tx, w):
    err = y - tx.dot(w)
    grad = -tx.T.dot(err) / len(err)
    return grad


def sigmoid(t):
    return 1.0 / (1 + np.exp(-t))


def calculate_loss(y, tx, w):
    pred = sigmoid(tx.dot(w))
    loss = y.T.dot(np.log(pred)) + (1 - y).T.dot(np.log(1 - pred))
    return np.squeeze(-loss).item() * (1 / y.shape[0])


def calculate_gradient(y, tx, w):
    pred = sigmoid(tx.dot(w))
    grad = tx.T.dot(pred - y) * (1 / y.shape[0])
    return grad


def penalized_logistic_regression(y, tx, w, lambda_):
    loss = calculate_loss(y, tx, w) + lambda_ * np.squeeze(w.T.dot(w))
    gradient = calculate_gradient(y, tx, w) + 2 * lambda_ * w
    return loss, gradient


def ratings_cost(X, Theta, Y, R, lambda_=0.0):
    """R is 1 where there is a rating."""
    err = (X @ Theta.T - Y) * R
    cost = 0.5 * np.sum(err**2) + lambda_ / 2 * (np.sum(Theta**2) + np.sum(X**2))
    X_grad = err @ Theta + lambda_ * X
    Theta_grad = err.T @ X + lambda_ * Theta
    return cost, X_grad, Theta_grad
