"""Networks whose parts are named by words: weight_h and bias_out, d_loss__dw_h, costs known by their derivative alone."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def one_hot(y, classes):
    out = np.zeros((len(y), classes))
    out[np.arange(len(y)), y] = 1
    return out


class Perceptron:
    def __init__(self, num_features, num_hidden, num_classes):
        self.num_classes = num_classes
        self.weight_h = np.random.normal(0, 0.1, (num_hidden, num_features))
        self.bias_h = np.zeros(num_hidden)
        self.weight_out = np.random.normal(0, 0.1, (num_classes, num_hidden))
        self.bias_out = np.zeros(num_classes)

    def forward(self, x):
        a_h = sigmoid(x @ self.weight_h.T + self.bias_h)
        return a_h, sigmoid(a_h @ self.weight_out.T + self.bias_out)

    def backward(self, x, a_h, a_out, y):
        d_loss__d_a = 2.0 * (a_out - one_hot(y, self.num_classes)) / len(y)
        delta_out = d_loss__d_a * a_out * (1.0 - a_out)
        d_loss__dw_out = delta_out.T @ a_h
        d_loss__db_out = delta_out.sum(axis=0)
        delta_h = delta_out @ self.weight_out * a_h * (1.0 - a_h)
        d_loss__dw_h = delta_h.T @ x
        d_loss__db_h = delta_h.sum(axis=0)
        return d_loss__dw_out, d_loss__db_out, d_loss__dw_h, d_loss__db_h


class OneByOne:
    def __init__(self, sizes):
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = np.tanh(w @ a + b)
        return a

    def backprop(self, x, y):
        nabla_b, nabla_w = [None] * len(self.biases), [None] * len(self.weights)
        activations = [x]
        for b, w in zip(self.biases, self.weights):
            activations.append(np.tanh(w @ activations[-1] + b))
        delta = self.cost_derivative(activations[-1], y) * (1 - activations[-1] ** 2)
        nabla_b[-1] = delta
        nabla_w[-1] = delta @ activations[-2].T
        for layer in range(2, len(self.weights) + 1):
            delta = self.weights[-layer + 1].T @ delta * (1 - activations[-layer] ** 2)
            nabla_b[-layer] = delta
            nabla_w[-layer] = delta @ activations[-layer - 1].T
        return nabla_b, nabla_w

    def cost_derivative(self, output, y):
        return output - y


class Scores:
    """What comes out are scores: their softmax is taken in the step."""

    def __init__(self, d_in, d_hidden, d_out):
        self.W1, self.b1 = np.random.randn(d_in, d_hidden), np.zeros(d_hidden)
        self.W2, self.b2 = np.random.randn(d_hidden, d_out), np.zeros(d_out)

    def forward(self, X):
        h = np.maximum(0, X @ self.W1 + self.b1)
        return h, h @ self.W2 + self.b2

    def train_step(self, X, y, lr=0.1):
        h, scores = self.forward(X)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        d = (p - one_hot(y, p.shape[1])) / len(X)
        dh = d @ self.W2.T * (h > 0)
        self.W2 -= lr * h.T @ d
        self.b2 -= lr * d.sum(axis=0)
        self.W1 -= lr * X.T @ dh
        self.b1 -= lr * dh.sum(axis=0)


class Regression:
    def __init__(self, d_in, d_hidden, d_out):
        self.W1, self.b1 = np.random.randn(d_in, d_hidden), np.zeros(d_hidden)
        self.W2, self.b2 = np.random.randn(d_hidden, d_hidden), np.zeros(d_hidden)
        self.W3, self.b3 = np.random.randn(d_hidden, d_out), np.zeros(d_out)

    def predict(self, X):
        self.X = X
        self.H1 = np.tanh(X @ self.W1 + self.b1)
        self.H2 = np.tanh(self.H1 @ self.W2 + self.b2)
        return self.H2 @ self.W3 + self.b3

    def loss(self, X, y):
        diff = self.predict(X) - y
        loss = np.sum(diff**2) / (2 * len(X))
        grads = {}
        d = diff / len(X)
        grads["W3"] = self.H2.T @ d
        grads["b3"] = d.sum(axis=0)
        d = (d @ self.W3.T) * (1 - self.H2**2)
        grads["W2"] = self.H1.T @ d
        grads["b2"] = d.sum(axis=0)
        d = (d @ self.W2.T) * (1 - self.H1**2)
        grads["W1"] = self.X.T @ d
        grads["b1"] = d.sum(axis=0)
        return loss, grads
