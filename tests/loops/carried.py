"""Loops that reach back two rounds, scale by turns, keep the best or run from the end; and some written out."""

import numpy as np

from tests.loops import of_shapes


def two_rounds_back(x, w, u):
    T, N = x.shape
    hs = np.zeros((T, N))
    hs[0] = np.tanh(x[0])
    hs[1] = np.tanh(x[1] + w * hs[0])
    for t in range(2, T):
        hs[t] = np.tanh(x[t] + w * hs[t - 1] + u * hs[t - 2])
    return hs


def transport_plan(K, r, c, *, rounds=4):
    v = np.ones_like(c)
    for _ in range(rounds):
        u = r / (K @ v)
        v = c / (K.T @ u)
    return u[:, None] * K * v[None, :]


def best_of(scores, bias, *, width=2):
    total = bias
    for t in range(scores.shape[0]):
        total = np.sort(total + scores[t])[::-1][:width]
        total = np.concatenate([total, total * 0.5])[: bias.shape[0]]
    return total


def average_from_the_end(x, d):
    y = np.empty_like(x)
    acc = np.zeros(x.shape[1])
    for t in reversed(range(len(x))):
        acc = d * acc + (1 - d) * x[t]
        y[t] = acc
    return y.sum(axis=0)


def adam_of_a_dictionary(w, b, gw, gb, *, lr=0.1, steps=3):
    params, grads = {"w": w, "b": b}, {"w": gw, "b": gb}
    m = {k: np.zeros_like(p) for k, p in params.items()}
    v = {k: np.zeros_like(p) for k, p in params.items()}
    for t in range(1, steps + 1):
        for k in params:
            m[k] = 0.9 * m[k] + 0.1 * grads[k]
            v[k] = 0.99 * v[k] + 0.01 * grads[k] ** 2
            params[k] = params[k] - lr * (m[k] / (1 - 0.9**t)) / (np.sqrt(v[k] / (1 - 0.99**t)) + 1e-8)
    return params["w"], params["b"]


CASES = {
    two_rounds_back: of_shapes(x=[(5, 3), (7, 2), (3, 5)], w=[(3,), (2,), (5,)], u=[(3,), (2,), (5,)]),
    transport_plan: of_shapes(K=[(3, 5), (2, 3), (6, 7)], r=[(3,), (2,), (6,)], c=[(5,), (3,), (7,)]),
    average_from_the_end: of_shapes(x=[(5, 3), (3, 2), (7, 5)], d=[(3,), (2,), (5,)]),
}
WRITTEN_OUT = {
    adam_of_a_dictionary: of_shapes(w=[(3, 2)], b=[(2,)], gw=[(3, 2)], gb=[(2,)]),
}
SORTED = {best_of: of_shapes(scores=[(3, 4)], bias=[(4,)])}
