"""Functions as users write them, on which what the rooms say of one trace is compared."""

import numpy as np


def one_head(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v


def sample_one_head(rng):
    return {"q": rng.normal(size=(3, 4)), "k": rng.normal(size=(5, 4)), "v": rng.normal(size=(5, 2))}


def residual(x, w1, b1, w2, b2):
    h = np.maximum(x @ w1 + b1, 0)
    y = x + h @ w2 + b2
    return y / np.sqrt((y**2).sum(axis=1, keepdims=True) + 1e-5)


def sample_residual(rng):
    return {"x": rng.normal(size=(3, 4)), "w1": rng.normal(size=(4, 5)), "b1": rng.normal(size=5),
            "w2": rng.normal(size=(5, 4)), "b2": rng.normal(size=4)}  # fmt: skip


def reused(x):
    x = np.tanh(x * x) + x
    x = x * np.exp(-x)
    return x + x


def sample_reused(rng):
    return {"x": rng.normal(size=(2, 3))}


def normed(x, x_1):
    y = (x + x_1) * (x - x_1)
    z = y + x_1
    return z * y + np.sin(z * y)


def sample_normed(rng):
    return {"x": rng.normal(size=(2, 3)), "x_1": rng.normal(size=3)}


def _scaled(a, b):
    c = a * b
    return c / (1 + np.abs(c))


def numbered(x, w):
    a = _scaled(x, w)
    b = _scaled(a, w)
    return _scaled(b, a)


def sample_numbered(rng):
    return {"x": rng.normal(size=(3, 2)), "w": rng.normal(size=2)}


def clash(dx, x):
    dy = dx * x
    y = np.exp(dy) + dy * np.exp(dy)
    return y * dy


def sample_clash(rng):
    return {"dx": rng.normal(size=(2, 3)), "x": rng.normal(size=(2, 3))}
