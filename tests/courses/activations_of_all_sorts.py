"""Activations with their derivatives in every form: f and f_prime, derivative=True, classes with forward and gradient."""

import numpy as np


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def elu_derivative(x, alpha=1.0):
    return np.where(x > 0, 1, alpha * np.exp(x))


def softplus(x):
    return np.log(1 + np.exp(x))


def softplus_prime(x):
    return 1 / (1 + np.exp(-x))


def softsign(x):
    return x / (1 + np.abs(x))


def d_softsign(x):
    return 1 / (1 + np.abs(x)) ** 2


def mish(x):
    return x * np.tanh(np.log(1 + np.exp(x)))


def mish_grad(x):
    t = np.tanh(np.log(1 + np.exp(x)))
    s = 1 / (1 + np.exp(-x))
    return t + x * s * (1 - t**2)


def gaussian(x):
    return np.exp(-(x**2))


def gaussian_deriv(x):
    return -2 * x * np.exp(-(x**2))


class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def gradient(self, x):
        return self.__call__(x) * (1 - self.__call__(x))


class TanH:
    def __call__(self, x):
        return 2 / (1 + np.exp(-2 * x)) - 1

    def gradient(self, x):
        return 1 - np.power(self.__call__(x), 2)


class SELU:
    def __init__(self):
        self.alpha = 1.6732632423543772
        self.scale = 1.0507009873554805

    def __call__(self, x):
        return self.scale * np.where(x >= 0.0, x, self.alpha * (np.exp(x) - 1))

    def gradient(self, x):
        return self.scale * np.where(x >= 0.0, 1, self.alpha * np.exp(x))


class HardSigmoid:
    def forward(self, x):
        self.x = x
        return np.clip(0.2 * x + 0.5, 0, 1)

    def backward(self, grad):
        inside = (self.x > -2.5) & (self.x < 2.5)
        return grad * inside * 0.2


class PReLU:
    def __init__(self, n_features):
        self.a = np.full(n_features, 0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, dout):
        self.da = np.sum(np.where(self.x > 0, 0, self.x) * dout, axis=0)
        return np.where(self.x > 0, 1, self.a) * dout


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, x):
        self.x = x
        self.s = 1 / (1 + np.exp(-self.beta * x))
        return x * self.s

    def backward(self, dout):
        return dout * (self.s + self.beta * self.x * self.s * (1 - self.s))


class LogSoftmax:
    def forward(self, x):
        shifted = x - np.max(x, axis=1, keepdims=True)
        self.out = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        return self.out

    def backward(self, grad_output):
        return grad_output - np.exp(self.out) * np.sum(grad_output, axis=1, keepdims=True)


class Clip:
    def __init__(self, low=-1.0, high=1.0):
        self.low, self.high = low, high

    def forward(self, x):
        self.inside = (x >= self.low) & (x <= self.high)
        return np.clip(x, self.low, self.high)

    def backward(self, dout):
        return np.where(self.inside, dout, 0.0)


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, grad):
        return 2 * self.x * grad
