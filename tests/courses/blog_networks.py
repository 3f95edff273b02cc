"""Networks of blog posts and kernels: a backward pass that learns in the same breath, train_step, parameters in dictionaries."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sigmoid_derivative(x):
    return x * (1.0 - x)


class NeuralNetwork:
    """Fits y from x, which it is made from."""

    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.rand(self.input.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.y = y
        self.output = np.zeros(self.y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1))
        self.output = sigmoid(np.dot(self.layer1, self.weights2))

    def backprop(self):
        d_weights2 = np.dot(self.layer1.T, (2 * (self.y - self.output) * sigmoid_derivative(self.output)))
        d_weights1 = np.dot(
            self.input.T,
            (
                np.dot(2 * (self.y - self.output) * sigmoid_derivative(self.output), self.weights2.T)
                * sigmoid_derivative(self.layer1)
            ),
        )
        self.weights1 += d_weights1
        self.weights2 += d_weights2


class XorNet:
    def __init__(self, n_in=2, n_hidden=3, n_out=1, lr=0.5):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros((1, n_out))
        self.lr = lr

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = sigmoid(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        self.a2 = sigmoid(self.z2)
        return self.a2

    def backward(self, X, y, output):
        error = output - y
        delta2 = error * output * (1 - output)
        delta1 = delta2 @ self.W2.T * self.a1 * (1 - self.a1)
        self.W2 -= self.lr * self.a1.T @ delta2
        self.b2 -= self.lr * delta2.sum(axis=0, keepdims=True)
        self.W1 -= self.lr * X.T @ delta1
        self.b1 -= self.lr * delta1.sum(axis=0, keepdims=True)


class TwoLayers:
    def __init__(self, d_in, d_hidden, d_out):
        rng = np.random.default_rng(0)
        self.W1 = rng.normal(size=(d_in, d_hidden)) * 0.1
        self.b1 = np.zeros(d_hidden)
        self.W2 = rng.normal(size=(d_hidden, d_out)) * 0.1
        self.b2 = np.zeros(d_out)

    def forward(self, X):
        h = np.maximum(0, X @ self.W1 + self.b1)
        return h, h @ self.W2 + self.b2

    def train_step(self, X, y, lr=0.1):
        n = X.shape[0]
        h, scores = self.forward(X)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(n), y]).mean()
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        dW2 = h.T @ d
        db2 = d.sum(axis=0)
        dh = d @ self.W2.T
        dh[h <= 0] = 0
        dW1 = X.T @ dh
        db1 = dh.sum(axis=0)
        self.W1 -= lr * dW1
        self.b1 -= lr * db1
        self.W2 -= lr * dW2
        self.b2 -= lr * db2
        return loss


class DeepNeuralNetwork:
    """One example at a time, as vectors; outer products."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.params = {
            "W1": np.random.randn(sizes[1], sizes[0]) * np.sqrt(1.0 / sizes[1]),
            "W2": np.random.randn(sizes[2], sizes[1]) * np.sqrt(1.0 / sizes[2]),
            "W3": np.random.randn(sizes[3], sizes[2]) * np.sqrt(1.0 / sizes[3]),
        }

    def sigmoid(self, x, derivative=False):
        if derivative:
            return (np.exp(-x)) / ((np.exp(-x) + 1) ** 2)
        return 1 / (1 + np.exp(-x))

    def forward_pass(self, x_train):
        params = self.params
        params["A0"] = x_train
        params["Z1"] = np.dot(params["W1"], params["A0"])
        params["A1"] = self.sigmoid(params["Z1"])
        params["Z2"] = np.dot(params["W2"], params["A1"])
        params["A2"] = self.sigmoid(params["Z2"])
        params["Z3"] = np.dot(params["W3"], params["A2"])
        params["A3"] = self.sigmoid(params["Z3"])
        return params["A3"]

    def backward_pass(self, y_train, output):
        params = self.params
        change_w = {}
        error = 2 * (output - y_train) / output.shape[0] * self.sigmoid(params["Z3"], derivative=True)
        change_w["W3"] = np.outer(error, params["A2"])
        error = np.dot(params["W3"].T, error) * self.sigmoid(params["Z2"], derivative=True)
        change_w["W2"] = np.outer(error, params["A1"])
        error = np.dot(params["W2"].T, error) * self.sigmoid(params["Z1"], derivative=True)
        change_w["W1"] = np.outer(error, params["A0"])
        return change_w


def init_params(d, h, k, rng):
    return {"W1": rng.normal(size=(d, h)), "b1": np.zeros(h), "W2": rng.normal(size=(h, k)), "b2": np.zeros(k)}


def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.tanh(z1)
    z2 = a1 @ params["W2"] + params["b2"]
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    probs = e / e.sum(axis=1, keepdims=True)
    cache = {"X": X, "z1": z1, "a1": a1, "z2": z2, "probs": probs}
    return probs, cache


def backward(params, cache, Y):
    m = Y.shape[0]
    dz2 = (cache["probs"] - Y) / m
    dW2 = cache["a1"].T @ dz2
    db2 = dz2.sum(axis=0)
    da1 = dz2 @ params["W2"].T
    dz1 = da1 * (1 - cache["a1"] ** 2)
    dW1 = cache["X"].T @ dz1
    db1 = dz1.sum(axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def loss_and_grads(params, X, y):
    h = np.maximum(X @ params["W1"] + params["b1"], 0)
    out = h @ params["W2"] + params["b2"]
    diff = out - y
    loss = np.sum(diff**2) / len(X)
    dout = 2 * diff / len(X)
    dh = dout @ params["W2"].T
    dh[h == 0] = 0
    grads = {
        "W1": X.T @ dh,
        "b1": np.sum(dh, axis=0),
        "W2": h.T @ dout,
        "b2": np.sum(dout, axis=0),
    }
    return loss, grads


class LogisticRegression:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.weights = None
        self.bias = None

    def compute_loss_and_gradients(self, X, y, weights, bias):
        n_samples = X.shape[0]
        linear = np.dot(X, weights) + bias
        predictions = sigmoid(linear)
        loss = -np.mean(y * np.log(predictions) + (1 - y) * np.log(1 - predictions))
        dw = (1 / n_samples) * np.dot(X.T, (predictions - y))
        db = (1 / n_samples) * np.sum(predictions - y)
        return loss, dw, db


class Autoencoder:
    def __init__(self, n_visible, n_hidden):
        self.W = np.random.randn(n_visible, n_hidden) * 0.1
        self.b = np.zeros(n_hidden)
        self.c = np.zeros(n_visible)

    def loss(self, X):
        """Weights are used twice: W encodes, W.T decodes."""
        N = X.shape[0]
        H = sigmoid(X @ self.W + self.b)
        R = H @ self.W.T + self.c
        loss = 0.5 * np.sum((R - X) ** 2) / N
        dR = (R - X) / N
        grads = {}
        grads["c"] = dR.sum(axis=0)
        dH = dR @ self.W
        dZ = dH * H * (1 - H)
        grads["W"] = X.T @ dZ + dR.T @ H
        grads["b"] = dZ.sum(axis=0)
        return loss, grads
