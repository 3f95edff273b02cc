"""Losses and their gradients as two functions each, called mse_prime, bce_grad, d_hinge: tutorials and kernels."""

import numpy as np


def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))


def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) - y_true / y_pred) / np.size(y_true)


def mean_squared_loss(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mean_squared_loss_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)


def hinge_loss(scores, y):
    return np.mean(np.maximum(0, 1 - y * scores))


def hinge_loss_grad(scores, y):
    active = (1 - y * scores) > 0
    return -y * active / y.size


def log_cosh(y_pred, y_true):
    return np.sum(np.log(np.cosh(y_pred - y_true)))


def log_cosh_gradient(y_pred, y_true):
    return np.tanh(y_pred - y_true)


def smooth_l1(pred, target, beta=1.0):
    diff = np.abs(pred - target)
    return np.where(diff < beta, 0.5 * diff**2 / beta, diff - 0.5 * beta).mean()


def smooth_l1_backward(pred, target, beta=1.0):
    diff = pred - target
    grad = np.where(np.abs(diff) < beta, diff / beta, np.sign(diff))
    return grad / diff.size


def kl_div(p, q):
    return np.sum(p * (np.log(p) - np.log(q)))


def kl_div_grad(p, q):
    return -p / q


def poisson_nll(log_rate, k):
    return np.mean(np.exp(log_rate) - k * log_rate)


def poisson_nll_grad(log_rate, k):
    return (np.exp(log_rate) - k) / k.size


def softmax_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_probs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_probs[np.arange(len(labels)), labels].mean()


def softmax_cross_entropy_grad(logits, labels):
    z = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs = z / z.sum(axis=1, keepdims=True)
    probs[np.arange(len(labels)), labels] -= 1
    return probs / len(labels)


def softmax_crossentropy_with_logits(logits, reference_answers):
    logits_for_answers = logits[np.arange(len(logits)), reference_answers]
    xentropy = -logits_for_answers + np.log(np.sum(np.exp(logits), axis=-1))
    return xentropy


def grad_softmax_crossentropy_with_logits(logits, reference_answers):
    ones_for_answers = np.zeros_like(logits)
    ones_for_answers[np.arange(len(logits)), reference_answers] = 1
    softmax = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return (-ones_for_answers + softmax) / logits.shape[0]


class FocalLoss:
    def __init__(self, gamma=2.0):
        self.gamma = gamma

    def loss(self, y, p):
        return np.sum(-y * (1 - p) ** self.gamma * np.log(p))

    def gradient(self, y, p):
        return y * (self.gamma * (1 - p) ** (self.gamma - 1) * np.log(p) - (1 - p) ** self.gamma / p)


class SquareLoss:
    def loss(self, y, y_pred):
        return 0.5 * np.power((y - y_pred), 2)

    def gradient(self, y, y_pred):
        return -(y - y_pred)


class CrossEntropy:
    def loss(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -y * np.log(p) - (1 - y) * np.log(1 - p)

    def gradient(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -(y / p) + (1 - y) / (1 - p)


def triplet_forward(anchor, positive, negative):
    d_pos = np.sum((anchor - positive) ** 2, axis=1)
    d_neg = np.sum((anchor - negative) ** 2, axis=1)
    hinge = np.maximum(0, d_pos - d_neg + 1.0)
    cache = (anchor, positive, negative, hinge)
    return hinge.mean(), cache


def triplet_backward(cache):
    anchor, positive, negative, hinge = cache
    n = anchor.shape[0]
    mask = (hinge > 0)[:, None] / n
    d_anchor = 2 * (negative - positive) * mask
    d_positive = 2 * (positive - anchor) * mask
    d_negative = 2 * (anchor - negative) * mask
    return d_anchor, d_positive, d_negative
