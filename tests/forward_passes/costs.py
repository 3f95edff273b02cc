import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    np.random.seed(1)
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.maximum(0, Z1)
    D1 = np.random.rand(A1.shape[0], A1.shape[1])
    D1 = (D1 < keep_prob).astype(int)
    A1 = A1 * D1 / keep_prob
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = (Z1, D1, A1, W1, b1, Z2, A2, W2, b2)
    return A2, cache


def compute_cost(A2, Y):
    m = Y.shape[1]
    cost = -1 / m * np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
    return np.squeeze(cost)


def compute_cost_with_regularization(A2, Y, parameters, lambd):
    m = Y.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    cross = compute_cost(A2, Y)
    l2 = lambd / (2 * m) * (np.sum(np.square(W1)) + np.sum(np.square(W2)))
    return cross + l2


def propagate(w, b, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return np.squeeze(cost)


def nn_cost(nn_params, input_size, hidden_size, num_labels, X, y, lambda_):
    Theta1 = nn_params[: hidden_size * (input_size + 1)].reshape(hidden_size, input_size + 1)
    Theta2 = nn_params[hidden_size * (input_size + 1) :].reshape(num_labels, hidden_size + 1)
    m = X.shape[0]
    a1 = np.concatenate([np.ones((m, 1)), X], axis=1)
    a2 = 1 / (1 + np.exp(-a1 @ Theta1.T))
    a2 = np.concatenate([np.ones((m, 1)), a2], axis=1)
    h = 1 / (1 + np.exp(-a2 @ Theta2.T))
    Y = np.eye(num_labels)[y]
    J = -1 / m * np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h))
    J += lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    return J
