"""Networks whose loss is computed between the passes and keeps what the second goes on from; dictionaries in dictionaries."""

import numpy as np


class Scratch:
    def __init__(self, n_in, n_out, n_hidden):
        self.W1 = 0.1 * np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros(n_hidden)
        self.W2 = 0.1 * np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros(n_out)

    def forward(self, X):
        self.X = X
        self.H = np.maximum(X @ self.W1 + self.b1, 0)
        return self.H @ self.W2 + self.b2

    def loss(self, y_hat, y):
        e = np.exp(y_hat - y_hat.max(axis=1, keepdims=True))
        self.P, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.P[np.arange(len(y)), y]).mean()

    def backward(self):
        d = self.P.copy()
        d[np.arange(len(self.y)), self.y] -= 1
        d /= len(self.y)
        self.dW2 = self.H.T @ d
        self.db2 = d.sum(0)
        dH = d @ self.W2.T
        dH[self.H <= 0] = 0
        self.dW1 = self.X.T @ dH
        self.db1 = dH.sum(0)


class Nested:
    def __init__(self, X, Y, hidden=5):
        self.X, self.Y = X, Y
        self.params = {
            "hidden": {"W": 0.3 * np.random.randn(X.shape[1], hidden), "b": np.zeros(hidden)},
            "out": {"W": 0.3 * np.random.randn(hidden, Y.shape[1]), "b": np.zeros(Y.shape[1])},
        }
        self.grads = {"hidden": {}, "out": {}}

    def forward(self):
        self.h = np.tanh(self.X @ self.params["hidden"]["W"] + self.params["hidden"]["b"])
        self.pred = self.h @ self.params["out"]["W"] + self.params["out"]["b"]
        return 0.5 * np.mean(np.sum((self.pred - self.Y) ** 2, axis=1))

    def backward(self):
        d = (self.pred - self.Y) / len(self.X)
        self.grads["out"]["W"] = self.h.T @ d
        self.grads["out"]["b"] = d.sum(axis=0)
        dz = d @ self.params["out"]["W"].T * (1 - self.h**2)
        self.grads["hidden"]["W"] = self.X.T @ dz
        self.grads["hidden"]["b"] = dz.sum(axis=0)


class Columns:
    """Its strength is in no loss, and is divided by the number of columns."""

    def __init__(self, n_x, n_h, n_y, lambd=0.7):
        self.lambd = lambd
        self.W1, self.b1 = np.random.randn(n_h, n_x), np.zeros((n_h, 1))
        self.W2, self.b2 = np.random.randn(n_y, n_h), np.zeros((n_y, 1))

    def forward(self, X):
        self.X = X
        self.A1 = np.tanh(self.W1 @ X + self.b1)
        self.A2 = 1 / (1 + np.exp(-(self.W2 @ self.A1 + self.b2)))
        return self.A2

    def backward(self, Y):
        m = Y.shape[1]
        dZ2 = self.A2 - Y
        dW2 = dZ2 @ self.A1.T / m + self.lambd / m * self.W2
        db2 = dZ2.sum(axis=1, keepdims=True) / m
        dZ1 = self.W2.T @ dZ2 * (1 - self.A1**2)
        dW1 = dZ1 @ self.X.T / m + self.lambd / m * self.W1
        db1 = dZ1.sum(axis=1, keepdims=True) / m
        return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


class Chosen:
    """Softmax for the loss of one entry: it returns at the first that is not zero."""

    def __init__(self, n_in, n_out):
        self.weights, self.biases = np.random.randn(n_in, n_out) / n_in, np.zeros(n_out)

    def forward(self, x):
        self.shape, self.x = x.shape, x.flatten()
        self.totals = self.x @ self.weights + self.biases
        e = np.exp(self.totals)
        return e / np.sum(e)

    def backprop(self, d_L_d_out, learn_rate):
        for i, gradient in enumerate(d_L_d_out):
            if gradient == 0:
                continue
            e = np.exp(self.totals)
            S = np.sum(e)
            d_out_d_t = -e[i] * e / S**2
            d_out_d_t[i] = e[i] * (S - e[i]) / S**2
            d_L_d_t = gradient * d_out_d_t
            d_L_d_x = self.weights @ d_L_d_t
            self.weights -= learn_rate * np.outer(self.x, d_L_d_t)
            self.biases -= learn_rate * d_L_d_t
            return d_L_d_x.reshape(self.shape)


def rnn_forward(inputs, state, W_xh, W_hh, b_h):
    outputs = []
    for X in inputs:
        state = np.tanh(X @ W_xh + state @ W_hh + b_h)
        outputs.append(state)
    return np.stack(outputs), (inputs, outputs, W_xh, W_hh)


def rnn_backward(doutputs, state, cache):
    inputs, outputs, W_xh, W_hh = cache
    dW_xh, dW_hh, db_h = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros(W_hh.shape[0])
    dstate, dinputs = np.zeros_like(state), np.zeros_like(inputs)
    for t in reversed(range(len(inputs))):
        d = (doutputs[t] + dstate) * (1 - outputs[t] ** 2)
        before = outputs[t - 1] if t > 0 else state
        dW_xh += inputs[t].T @ d
        dW_hh += before.T @ d
        db_h += d.sum(0)
        dinputs[t] = d @ W_xh.T
        dstate = d @ W_hh.T
    return dinputs, dstate, dW_xh, dW_hh, db_h


def squeezed(output, targ):
    return ((output.squeeze(-1) - targ) ** 2).mean()


def squeezed_grad(inp, targ):
    inp.g = 2.0 * (inp.squeeze(-1) - targ)[:, None] / inp.shape[0]
