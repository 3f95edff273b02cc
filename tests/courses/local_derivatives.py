"""The local derivative, which whoever calls it multiplies: backward(), sigmoid_grad(x), tanh_deriv(x)."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    s = sigmoid(x)
    return s * (1 - s)


def tanh(z):
    return np.tanh(z)


def tanh_deriv(z):
    return 1.0 - np.tanh(z) ** 2


def leaky(x, slope=0.01):
    return np.where(x > 0, x, slope * x)


def d_leaky(x, slope=0.01):
    d = np.ones_like(x)
    d[x < 0] = slope
    return d


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def elu_prime(x, alpha=1.0):
    return np.where(x > 0, 1.0, alpha * np.exp(x))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def logistic_derivative(a):
    # of the activation, not of what it was applied to
    return a * (1 - a)


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self):
        return 1 - self.a**2


class Softplus:
    @staticmethod
    def f(x):
        return np.log(1 + np.exp(x))

    @staticmethod
    def df(x):
        return 1 / (1 + np.exp(-x))


class Swish:
    def __call__(self, x):
        return x / (1 + np.exp(-x))

    def gradient(self, x):
        s = 1 / (1 + np.exp(-x))
        return s + x * s * (1 - s)
