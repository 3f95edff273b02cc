"""Loops over dictionaries and lists of parameters: updates, penalties, layers one after the other."""

import itertools

import numpy as np


def new_dictionary(params, grads, lr=0.1):
    new = {}
    for k in params:
        new[k] = params[k] - lr * grads[k]
    return new


def by_items(params, grads, lr=0.1):
    for k, w in params.items():
        params[k] = w - lr * grads[k]
    return params


def momentum(params, grads, velocity, lr=0.1, rho=0.9):
    for k in params:
        velocity[k] = rho * velocity[k] - lr * grads[k]
        params[k] += velocity[k]


def adam(params, grads, m, v, lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8, t=3):
    for key in sorted(params.keys()):
        m[key] = beta1 * m[key] + (1 - beta1) * grads[key]
        v[key] = beta2 * v[key] + (1 - beta2) * grads[key] ** 2
        m_hat = m[key] / (1 - beta1**t)
        v_hat = v[key] / (1 - beta2**t)
        params[key] -= lr * m_hat / (np.sqrt(v_hat) + eps)
    return params, m, v


def list_update(params, grads, lr=0.1):
    return [p - lr * g for p, g in zip(params, grads)]


def penalty(x, params, reg=0.1):
    loss = np.sum(x * x)
    for k, W in params.items():
        loss = loss + 0.5 * reg * np.sum(W * W)
    return loss


def layers_zipped(x, Ws, bs):
    h = x
    for W, b in zip(Ws, bs):
        h = np.tanh(h @ W + b)
    return h


def layers_counted(x, Ws, bs):
    h = x
    for l in range(len(Ws)):
        z = h @ Ws[l] + bs[l]
        h = np.maximum(z, 0)
    return h


def layers_of_pairs(x, layers):
    a = x
    for W, b in layers:
        a = np.tanh(a @ W + b)
    return np.sum(a * a)


def layers_of_dictionaries(x, layers):
    a = x
    for layer in layers:
        z = a @ layer["W"] + layer["b"]
        a = np.tanh(z)
    return a


def layers_by_name(X, params):
    L = len(params) // 2
    A = X
    for l in range(1, L + 1):
        Z = params[f"W{l}"] @ A + params["b" + str(l)]
        A = np.tanh(Z)
    return A


def last_is_linear(x, Ws, bs):
    h = x
    for i in range(len(Ws) - 1):
        h = np.tanh(h @ Ws[i] + bs[i])
    return h @ Ws[-1] + bs[-1]


def _chain(sizes, seed):
    rng = np.random.default_rng([seed, *sizes])
    return [rng.normal(size=each) for each in itertools.pairwise(sizes)], [rng.normal(size=each) for each in sizes[1:]]


def _dictionaries(count, shapes):
    rng = np.random.default_rng(count)
    return [{key: rng.uniform(0.5, 2, shape) for key, shape in shapes.items()} for _ in range(count)]


_SHAPES = (
    {"W1": (3, 4), "b1": (4,), "W2": (4, 2)},
    {"U": (2, 3), "c": (5,)},
    {"W1": (2, 3), "b1": (3,), "W2": (3, 5), "b2": (5,), "g": (2, 3, 2)},
)
_SIZES = ((3, 4, 5, 2), (4, 3, 2), (2, 5, 3, 4, 3))


def _of(*names):
    return [dict(zip(names, _dictionaries(len(names), shapes))) for shapes in _SHAPES]


def _layers(made):
    rng = np.random.default_rng(5)
    return [{"x": rng.normal(size=(6, sizes[0])), **made(*_chain(sizes, 3))} for sizes in _SIZES]


def _by_name(sizes):
    Ws, bs = _chain(sizes, 4)
    return {f"W{i + 1}": W.T for i, W in enumerate(Ws)} | {f"b{i + 1}": b[:, None] for i, b in enumerate(bs)}


CASES = {
    new_dictionary: _of("params", "grads"),
    by_items: _of("params", "grads"),
    momentum: _of("params", "grads", "velocity"),
    adam: _of("params", "grads", "m", "v"),
    list_update: [{name: [*held.values()] for name, held in case.items()} for case in _of("params", "grads")],
    penalty: [{"x": np.ones(n + 2), **case} for n, case in enumerate(_of("params"))],
    layers_zipped: _layers(lambda Ws, bs: {"Ws": Ws, "bs": bs}),
    layers_counted: _layers(lambda Ws, bs: {"Ws": Ws, "bs": bs}),
    layers_of_pairs: _layers(lambda Ws, bs: {"layers": [*zip(Ws, bs)]}),
    layers_of_dictionaries: _layers(lambda Ws, bs: {"layers": [{"W": W, "b": b} for W, b in zip(Ws, bs)]}),
    layers_by_name: [{"X": np.random.default_rng(6).normal(size=(s[0], 4)), "params": _by_name(s)} for s in _SIZES],
    last_is_linear: _layers(lambda Ws, bs: {"Ws": Ws, "bs": bs})[::2],
}
