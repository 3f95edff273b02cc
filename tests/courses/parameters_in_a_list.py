"""Parameters in a list, gradients in another, which come back with the loss."""

import numpy as np

num_inputs, num_outputs, num_hiddens = 784, 10, 256

W1 = np.random.normal(scale=0.01, size=(num_inputs, num_hiddens))
b1 = np.zeros(num_hiddens)
W2 = np.random.normal(scale=0.01, size=(num_hiddens, num_outputs))
b2 = np.zeros(num_outputs)
params = [W1, b1, W2, b2]


def relu(X):
    return np.maximum(X, 0)


def softmax(X):
    X_exp = np.exp(X - X.max(axis=1, keepdims=True))
    partition = X_exp.sum(axis=1, keepdims=True)
    return X_exp / partition


def net(X, params):
    W1, b1, W2, b2 = params
    H = relu(X @ W1 + b1)
    return H, softmax(H @ W2 + b2)


def cross_entropy(y_hat, y):
    return -np.log(y_hat[range(len(y_hat)), y]).mean()


def loss_and_grads(X, y, params):
    W1, b1, W2, b2 = params
    H, y_hat = net(X, params)
    l = cross_entropy(y_hat, y)
    d = y_hat.copy()
    d[range(len(y)), y] -= 1
    d /= len(y)
    dW2 = H.T @ d
    db2 = d.sum(axis=0)
    dH = d @ W2.T
    dH[H <= 0] = 0
    dW1 = X.T @ dH
    db1 = dH.sum(axis=0)
    grads = [dW1, db1, dW2, db2]
    return l, grads


def sgd(params, grads, lr, batch_size):
    for param, grad in zip(params, grads):
        param -= lr * grad / batch_size
