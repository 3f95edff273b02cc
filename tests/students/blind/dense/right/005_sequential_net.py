"""Assignment 1 -- a multilayer perceptron from scratch."""
import numpy as np
from collections import OrderedDict


class Linear:
    """Fully connected layer, y = xW + b."""

    def __init__(self, input_dim, output_dim, init="he"):
        scale = np.sqrt(2.0 / input_dim) if init == "he" else 0.01
        self.W = np.random.normal(0.0, scale, (input_dim, output_dim))
        self.b = np.zeros(output_dim)
        self.params = OrderedDict(W=self.W, b=self.b)
        self.grads = {}

    def forward(self, x):
        self.input = x
        out = np.zeros((x.shape[0], self.W.shape[1]))
        for n in range(x.shape[0]):
            out[n] = x[n].dot(self.W) + self.b
        return out

    def backward(self, dout):
        self.dW = np.zeros(self.W.shape)
        self.db = np.zeros(self.b.shape)
        dx = np.zeros(self.input.shape)
        for n in range(dout.shape[0]):
            self.dW += np.outer(self.input[n], dout[n])
            self.db += dout[n]
            dx[n] = self.W.dot(dout[n])
        self.grads["W"], self.grads["b"] = self.dW, self.db
        return dx


class Sigmoid:
    """Logistic function, computed without overflow."""

    def forward(self, x):
        out = np.empty_like(x)
        pos = x >= 0
        out[pos] = 1.0 / (1.0 + np.exp(-x[pos]))
        ex = np.exp(x[~pos])
        out[~pos] = ex / (1.0 + ex)
        self.output = out
        return out

    def backward(self, dout):
        s = self.output
        return np.multiply(dout, np.multiply(s, 1 - s))


class SoftmaxCrossEntropy:
    """Softmax followed by the mean negative log likelihood."""

    def forward(self, x, y):
        shifted = x - np.amax(x, axis=1).reshape(-1, 1)
        expd = np.exp(shifted)
        total = np.sum(expd, axis=1).reshape(-1, 1)
        self.probs = expd / total
        self.onehot = np.zeros_like(self.probs)
        self.onehot[np.arange(x.shape[0]), y] = 1.0
        logprobs = shifted - np.log(total)
        return -np.sum(self.onehot * logprobs) / x.shape[0]

    def backward(self, dout=1.0):
        return dout * (self.probs - self.onehot) / self.probs.shape[0]


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)
        self.loss_layer = SoftmaxCrossEntropy()

    def loss(self, x, y):
        for layer in self.layers:
            x = layer.forward(x)
        return self.loss_layer.forward(x, y)

    def gradient(self):
        d = self.loss_layer.backward()
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d
