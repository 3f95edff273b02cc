"""A backward pass that is handed the forward pass as a function."""

import numpy as np


def softmax(x):
    x = x - np.max(x, axis=1, keepdims=True)
    exp = np.exp(x)
    return exp / np.sum(exp, axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def get_initial_params(input_size, num_hidden, num_output):
    return {
        "W1": np.random.standard_normal((input_size, num_hidden)),
        "b1": np.zeros(num_hidden),
        "W2": np.random.standard_normal((num_hidden, num_output)),
        "b2": np.zeros(num_output),
    }


def forward_prop(data, labels, params):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    h = sigmoid(data.dot(W1) + b1)
    y = softmax(h.dot(W2) + b2)
    cost = -np.sum(labels * np.log(y)) / data.shape[0]
    return h, y, cost


def backward_prop(data, labels, params, forward_prop_func):
    h, y, cost = forward_prop_func(data, labels, params)
    n = data.shape[0]
    delta2 = (y - labels) / n
    grad_W2 = h.T.dot(delta2)
    grad_b2 = np.sum(delta2, axis=0)
    delta1 = delta2.dot(params["W2"].T) * h * (1 - h)
    grad_W1 = data.T.dot(delta1)
    grad_b1 = np.sum(delta1, axis=0)
    return {"W1": grad_W1, "W2": grad_W2, "b1": grad_b1, "b2": grad_b2}


def backward_prop_regularized(data, labels, params, forward_prop_func, reg):
    grad = backward_prop(data, labels, params, forward_prop_func)
    grad["W1"] = grad["W1"] + 2 * reg * params["W1"]
    grad["W2"] = grad["W2"] + 2 * reg * params["W2"]
    return grad
