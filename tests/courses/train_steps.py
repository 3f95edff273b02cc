"""Networks that take a step of their own: train_step(X, y) runs forward, backward and the update."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Classifier:
    def __init__(self, n_inputs, n_hidden, n_classes, lr=0.1):
        self.W1 = np.random.randn(n_inputs, n_hidden) * 0.1
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_classes) * 0.1
        self.b2 = np.zeros((1, n_classes))
        self.lr = lr

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.maximum(0, self.z1)
        self.probs = softmax(self.a1 @ self.W2 + self.b2)
        return self.probs

    def train_step(self, X, y):
        m = X.shape[0]
        probs = self.forward(X)
        loss = -np.log(probs[range(m), y]).mean()
        dz2 = probs.copy()
        dz2[range(m), y] -= 1
        dz2 /= m
        dW2 = self.a1.T @ dz2
        db2 = dz2.sum(axis=0, keepdims=True)
        dz1 = (dz2 @ self.W2.T) * (self.z1 > 0)
        dW1 = X.T @ dz1
        db1 = dz1.sum(axis=0, keepdims=True)
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2
        return loss


class LinearRegression:
    def __init__(self, n_features):
        self.w = np.random.randn(n_features)
        self.b = 0.0

    def predict(self, X):
        return X @ self.w + self.b

    def train_step(self, X, y, learning_rate):
        n = len(y)
        error = self.predict(X) - y
        grad_w = 2 / n * X.T @ error
        grad_b = 2 / n * error.sum()
        self.w = self.w - learning_rate * grad_w
        self.b = self.b - learning_rate * grad_b
        return np.mean(error**2)


class LogisticRegression:
    def __init__(self, dim):
        self.w = np.zeros((dim, 1))
        self.b = np.zeros((1, 1))

    def forward(self, X):
        return 1 / (1 + np.exp(-(X @ self.w + self.b)))

    def train_step(self, X, y, lr=0.1):
        p = self.forward(X)
        m = y.shape[0]
        dz = (p - y) / m
        self.w -= lr * X.T @ dz
        self.b -= lr * np.sum(dz, axis=0, keepdims=True)


class Mlp:
    """Examples in columns."""

    def __init__(self, sizes):
        self.weights = [np.random.randn(o, i) * 0.3 for i, o in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros((o, 1)) for o in sizes[1:]]

    def forward(self, X):
        self.activations = [X]
        for W, b in zip(self.weights, self.biases):
            X = 1 / (1 + np.exp(-(W @ X + b)))
            self.activations.append(X)
        return X

    def train_batch(self, X, Y, eta):
        m = X.shape[1]
        out = self.forward(X)
        delta = (out - Y) * out * (1 - out)
        for l in range(len(self.weights) - 1, -1, -1):
            a = self.activations[l]
            dW, db = delta @ a.T / m, delta.sum(axis=1, keepdims=True) / m
            delta = self.weights[l].T @ delta * a * (1 - a)
            self.weights[l] -= eta * dW
            self.biases[l] -= eta * db
