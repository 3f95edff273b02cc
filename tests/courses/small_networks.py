"""Small networks that keep everything in attributes and add their step: self.W1 += X.T.dot(delta)."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1 + np.exp(-x))


def sigmoid_derivative(x):
    return x * (1.0 - x)


class NeuralNetwork:
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
        d_weights2 = np.dot(self.layer1.T, 2 * (self.y - self.output) * sigmoid_derivative(self.output))
        d_weights1 = np.dot(
            self.input.T,
            np.dot(2 * (self.y - self.output) * sigmoid_derivative(self.output), self.weights2.T)
            * sigmoid_derivative(self.layer1),
        )
        self.weights1 += d_weights1
        self.weights2 += d_weights2


class Neural_Network(object):
    def __init__(self):
        self.inputSize = 2
        self.outputSize = 1
        self.hiddenSize = 3
        self.W1 = np.random.randn(self.inputSize, self.hiddenSize)
        self.W2 = np.random.randn(self.hiddenSize, self.outputSize)

    def forward(self, X):
        self.z = np.dot(X, self.W1)
        self.z2 = self.sigmoid(self.z)
        self.z3 = np.dot(self.z2, self.W2)
        o = self.sigmoid(self.z3)
        return o

    def sigmoid(self, s):
        return 1 / (1 + np.exp(-s))

    def sigmoidPrime(self, s):
        return s * (1 - s)

    def backward(self, X, y, o):
        self.o_error = y - o
        self.o_delta = self.o_error * self.sigmoidPrime(o)
        self.z2_error = self.o_delta.dot(self.W2.T)
        self.z2_delta = self.z2_error * self.sigmoidPrime(self.z2)
        self.W1 += X.T.dot(self.z2_delta)
        self.W2 += self.z2.T.dot(self.o_delta)

    def train(self, X, y):
        o = self.forward(X)
        self.backward(X, y, o)


class XorNet:
    def __init__(self, n_in=2, n_hidden=4, n_out=1, learning_rate=0.5):
        self.lr = learning_rate
        self.w_hidden = np.random.uniform(-1, 1, (n_in, n_hidden))
        self.b_hidden = np.zeros((1, n_hidden))
        self.w_out = np.random.uniform(-1, 1, (n_hidden, n_out))
        self.b_out = np.zeros((1, n_out))

    def feed_forward(self, X):
        self.hidden = sigmoid(X @ self.w_hidden + self.b_hidden)
        self.out = sigmoid(self.hidden @ self.w_out + self.b_out)
        return self.out

    def back_prop(self, X, y, o):
        error = y - o
        d_out = error * o * (1 - o)
        d_hidden = d_out.dot(self.w_out.T) * self.hidden * (1 - self.hidden)
        self.w_out += self.hidden.T.dot(d_out) * self.lr
        self.b_out += np.sum(d_out, axis=0, keepdims=True) * self.lr
        self.w_hidden += X.T.dot(d_hidden) * self.lr
        self.b_hidden += np.sum(d_hidden, axis=0, keepdims=True) * self.lr


class Network:
    def __init__(self, X, y, hidden=5):
        self.X, self.y = X, y
        self.W1 = np.random.randn(X.shape[1], hidden)
        self.W2 = np.random.randn(hidden, y.shape[1])

    def forward(self):
        self.h = np.tanh(self.X.dot(self.W1))
        self.y_hat = self.h.dot(self.W2)

    def backprop(self):
        delta = self.y_hat - self.y
        grad_W2 = self.h.T.dot(delta)
        grad_W1 = self.X.T.dot(delta.dot(self.W2.T) * (1 - self.h**2))
        self.W1 -= 0.1 * grad_W1
        self.W2 -= 0.1 * grad_W2
