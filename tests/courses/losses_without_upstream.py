"""Losses whose backward pass takes no upstream gradient: backward(cache), backward(y_hat, y), backward(x, y), backward()."""

import numpy as np


def logistic_loss_forward(scores, y):
    p = 1 / (1 + np.exp(-scores))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss, (p, y)


def logistic_loss_backward(cache):
    p, y = cache
    return (p - y) / p.size


def mse(y_hat, y):
    return np.mean((y_hat - y) ** 2)


def mse_backward(y_hat, y):
    return 2 * (y_hat - y) / y.size


def huber_forward(pred, target):
    d = pred - target
    small = np.abs(d) <= 1.0
    return np.sum(np.where(small, 0.5 * d**2, np.abs(d) - 0.5))


def huber_backward(pred, target):
    d = pred - target
    return np.where(np.abs(d) <= 1.0, d, np.sign(d))


class CrossEntropy:
    def forward(self, x, y):
        z = x - x.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -self.logp[np.arange(len(y)), y].mean()

    def backward(self, x, y):
        n = len(y)
        grad = np.exp(self.logp)
        grad[np.arange(n), y] -= 1
        return grad / n


class SquaredError:
    def forward(self, y_hat, y):
        self.diff = y_hat - y
        return 0.5 * np.sum(self.diff**2) / self.diff.shape[0]

    def backward(self):
        return self.diff / self.diff.shape[0]


class Hinge:
    def __call__(self, scores, t):
        self.scores, self.t = scores, t
        self.margins = np.maximum(0, 1 - t * scores)
        return np.sum(self.margins**2)

    def backward(self, dout=1):
        return dout * -2 * self.t * self.margins


class KLDivergence:
    def forward(self, logits, target):
        e = np.exp(logits)
        self.q = e / e.sum(axis=1, keepdims=True)
        self.target = target
        return np.sum(target * (np.log(target + 1e-9) - np.log(self.q)))

    def gradient(self):
        return self.target.sum(axis=1, keepdims=True) * self.q - self.target
