"""Networks of images: layers in a list, a convolution by tensordot among them, as large as what comes in front."""

import numpy as np


class Conv2D:
    def __init__(self, n_filters, channels=2, size=3):
        self.n_filters = n_filters
        self.size = size
        self.W = np.random.randn(n_filters, channels, size, size) / size
        self.b = np.zeros(n_filters)

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        k = self.size
        out = np.zeros((n, self.n_filters, h - k + 1, w - k + 1))
        for i in range(h - k + 1):
            for j in range(w - k + 1):
                out[:, :, i, j] = np.tensordot(x[:, :, i : i + k, j : j + k], self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return out

    def backward(self, dout):
        k = self.size
        dx = np.zeros_like(self.x)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                patch = self.x[:, :, i : i + k, j : j + k]
                self.dW += np.tensordot(dout[:, :, i, j], patch, axes=([0], [0]))
                dx[:, :, i : i + k, j : j + k] += np.tensordot(dout[:, :, i, j], self.W, axes=([1], [0]))
        return dx

    def update(self, lr):
        self.W -= lr * self.dW
        self.b -= lr * self.db


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask

    def update(self, lr):
        pass


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.shape)

    def update(self, lr):
        pass


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * np.sqrt(2 / n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T

    def update(self, lr):
        self.W -= lr * self.dW
        self.b -= lr * self.db


class Network:
    def __init__(self, n_classes=3):
        self.layers = [
            Conv2D(4, channels=2),
            ReLU(),
            Flatten(),
            Dense(4 * 3 * 4, 5),
            ReLU(),
            Dense(5, n_classes),
        ]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def update(self, lr):
        for layer in self.layers:
            layer.update(lr)
