"""Layers whose weights are made when the first examples come in: in forward, or in a method of their own."""

import numpy as np


class Dense:
    """the weights are made when the first batch comes in"""
    def __init__(self, units):
        self.units = units
        self.W = None
        self.b = None

    def forward(self, X):
        if self.W is None:
            self.W = np.random.randn(X.shape[1], self.units) * 0.01
            self.b = np.zeros((1, self.units))
        self.X = X
        return X @ self.W + self.b

    def backward(self, dZ):
        self.dW = self.X.T @ dZ
        self.db = dZ.sum(axis=0, keepdims=True)
        return dZ @ self.W.T


class BatchNormalization:
    def __init__(self, eps=1e-5):
        self.eps = eps
        self.gamma = self.beta = None

    def forward(self, x):
        if self.gamma is None:
            self.gamma = np.ones(x.shape[1])
            self.beta = np.zeros(x.shape[1])
        self.mu = x.mean(axis=0)
        self.std = np.sqrt(x.var(axis=0) + self.eps)
        self.xn = (x - self.mu) / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        N = dout.shape[0]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = (dout * self.xn).sum(axis=0)
        dxn = dout * self.gamma
        return (N * dxn - dxn.sum(axis=0) - self.xn * (dxn * self.xn).sum(axis=0)) / (N * self.std)



class Layer:
    built = False

    def __call__(self, x):
        if not self.built:
            self.build(x.shape)
            self.built = True
        return self.forward(x)

    def build(self, shape):
        pass


class Projection(Layer):
    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, shape):
        rng = np.random.default_rng(0)
        self.w = rng.normal(size=(shape[-1], self.n_out))
        self.b = np.zeros(self.n_out)

    def forward(self, x):
        self.x = x
        return np.dot(x, self.w) + self.b

    def backward(self, grad):
        self.dw = np.dot(self.x.T, grad)
        self.db = np.sum(grad, axis=0)
        return np.dot(grad, self.w.T)


class Bias(Layer):
    def build(self, shape):
        self.b = np.zeros(shape[1:])

    def forward(self, x):
        return x + self.b

    def backward(self, grad):
        self.db = grad.sum(axis=0)
        return grad


class PReLU(Layer):
    def build(self, shape):
        self.a = np.full(shape[-1], 0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, grad):
        self.da = np.sum(np.where(self.x > 0, 0, self.x) * grad, axis=0)
        return np.where(self.x > 0, 1, self.a) * grad

class FC:
    def __init__(self, out_features, use_bias=True):
        self.out_features = out_features
        self.params = {}
        self.grads = {}

    def init_params(self, in_features):
        self.params["W"] = np.random.randn(in_features, self.out_features) / np.sqrt(in_features)
        self.params["b"] = np.zeros(self.out_features)

    def forward(self, x):
        if not self.params:
            self.init_params(x.shape[1])
        self.cache = x
        return x.dot(self.params["W"]) + self.params["b"]

    def backward(self, dy):
        x = self.cache
        self.grads["W"] = x.T.dot(dy)
        self.grads["b"] = dy.sum(axis=0)
        return dy.dot(self.params["W"].T)

class Embedding:
    def __init__(self, dim):
        self.dim = dim
        self.params = {}
        self.grads = {}

    def forward(self, idx):
        if "E" not in self.params:
            self.params["E"] = np.random.randn(int(idx.max()) + 1, self.dim)
        self.idx = idx
        return self.params["E"][idx]

    def backward(self, dy):
        g = np.zeros_like(self.params["E"])
        np.add.at(g, self.idx, dy)
        self.grads["E"] = g
