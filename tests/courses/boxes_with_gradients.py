"""Boxes around arrays: value and gradient in one small object that layers pass on."""

import numpy as np


class Tensor:
    def __init__(self, value):
        self.value = np.asarray(value, dtype=float)
        self.grad = np.zeros_like(self.value)


class Parameter:
    def __init__(self, data):
        self.data = np.array(data)
        self.g = None


class Dense:
    def __init__(self, n_in, n_out):
        self.W = Tensor(np.random.randn(n_in, n_out) * 0.1)
        self.b = Tensor(np.zeros(n_out))

    def forward(self, x):
        self.x = x
        self.y = Tensor(x.value @ self.W.value + self.b.value)
        return self.y

    def backward(self):
        self.W.grad += self.x.value.T @ self.y.grad
        self.b.grad += self.y.grad.sum(axis=0)
        self.x.grad += self.y.grad @ self.W.value.T


class Tanh:
    def forward(self, x):
        self.x = x
        self.y = Tensor(np.tanh(x.value))
        return self.y

    def backward(self):
        self.x.grad += (1 - self.y.value**2) * self.y.grad


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = Parameter(np.random.randn(out_features, in_features))
        self.bias = Parameter(np.random.randn(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, dout):
        self.weight.g = dout.T @ self.x
        self.bias.g = dout.sum(axis=0)
        return dout @ self.weight.data


class Scale:
    def __init__(self, dim):
        self.gamma = Parameter(np.ones(dim))
        self.beta = Parameter(np.zeros(dim))

    def forward(self, x):
        self.x = x
        return self.gamma.data * x + self.beta.data

    def backward(self, grad):
        self.gamma.g = np.sum(grad * self.x, axis=0)
        self.beta.g = np.sum(grad, axis=0)
        return grad * self.gamma.data


class Softplus:
    def forward(self, x):
        self.x = x
        self.y = Tensor(np.log1p(np.exp(x.value)))
        return self.y

    def backward(self):
        s = 1 / (1 + np.exp(-self.x.value))
        self.x.grad += self.y.grad * s


class SquaredLoss:
    def forward(self, pred, target):
        self.pred, self.target = pred, target
        return 0.5 * np.sum((pred.value - target) ** 2)

    def backward(self):
        self.pred.grad += self.pred.value - self.target
