"""A batch for every moment: `for X in inputs`, and back through the moments."""

import numpy as np


def rnn_forward(inputs, H, W_xh, W_hh, b_h, W_hq, b_q):
    hs, outputs = [H], []
    for X in inputs:
        H = np.tanh(X @ W_xh + H @ W_hh + b_h)
        hs.append(H)
        outputs.append(H @ W_hq + b_q)
    return np.stack(outputs), (inputs, hs, W_xh, W_hh, W_hq)


def rnn_backward(dout, cache):
    inputs, hs, W_xh, W_hh, W_hq = cache
    dinputs = np.zeros_like(inputs)
    dW_xh, dW_hh, dW_hq = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros_like(W_hq)
    db_h, db_q = np.zeros(W_hh.shape[1]), np.zeros(W_hq.shape[1])
    dH = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        db_q += dout[t].sum(axis=0)
        dW_hq += hs[t + 1].T @ dout[t]
        dH = dH + dout[t] @ W_hq.T
        dz = dH * (1 - hs[t + 1] ** 2)
        db_h += dz.sum(axis=0)
        dW_xh += inputs[t].T @ dz
        dW_hh += hs[t].T @ dz
        dinputs[t] = dz @ W_xh.T
        dH = dz @ W_hh.T
    return dinputs, dH, dW_xh, dW_hh, db_h, dW_hq, db_q

class RNN:
    def __init__(self, num_inputs, num_hiddens):
        self.W_xh = np.random.randn(num_inputs, num_hiddens) * 0.3
        self.W_hh = np.random.randn(num_hiddens, num_hiddens) * 0.3
        self.b_h = np.zeros(num_hiddens)

    def forward(self, inputs, H):
        self.inputs, self.states = inputs, [H]
        for X in inputs:
            H = np.tanh(np.dot(X, self.W_xh) + np.dot(H, self.W_hh) + self.b_h)
            self.states.append(H)
        return np.stack(self.states[1:])

    def backward(self, dout):
        self.dW_xh = np.zeros_like(self.W_xh)
        self.dW_hh = np.zeros_like(self.W_hh)
        self.db_h = np.zeros_like(self.b_h)
        dinputs = np.zeros_like(self.inputs)
        dH = np.zeros_like(self.states[0])
        for t in range(len(self.inputs) - 1, -1, -1):
            dH = dH + dout[t]
            dz = dH * (1 - self.states[t + 1] ** 2)
            self.dW_xh += np.dot(self.inputs[t].T, dz)
            self.dW_hh += np.dot(self.states[t].T, dz)
            self.db_h += dz.sum(axis=0)
            dinputs[t] = np.dot(dz, self.W_xh.T)
            dH = np.dot(dz, self.W_hh.T)
        return dinputs, dH


def sequence_forward(inputs, params, H):
    W_xh, W_hh, b_h = params["W_xh"], params["W_hh"], params["b_h"]
    T = len(inputs)
    hs = [H]
    for t in range(T):
        hs.append(np.tanh(inputs[t] @ W_xh + hs[-1] @ W_hh + b_h))
    return np.stack(hs[1:]), (inputs, hs, params)


def sequence_backward(dout, cache):
    inputs, hs, params = cache
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    dinputs, dH = np.zeros_like(inputs), np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dz = (dH + dout[t]) * (1 - hs[t + 1] ** 2)
        grads["b_h"] += dz.sum(axis=0)
        grads["W_xh"] += inputs[t].T @ dz
        grads["W_hh"] += hs[t].T @ dz
        dinputs[t] = dz @ params["W_xh"].T
        dH = dz @ params["W_hh"].T
    return dinputs, grads, dH
