"""A multilayer perceptron as a class: layers that hold their weights, called one after the other."""

import numpy as np


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, np.sqrt(2 / n_in), (n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, x):
        # every output weighs all inputs
        self.out = x @ self.W + self.b
        return self.out


class MLP:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.hidden = Linear(n_in, n_hidden, rng)
        self.last = Linear(n_hidden, n_out, rng)

    def forward(self, x):
        # features of the input
        features = self.hidden.forward(x)
        # only what speaks for a feature is passed on
        active = np.maximum(0, features)
        # a score for every class
        scores = self.last.forward(active)
        return scores


def sample(rng, *, x=(4, 3), n_hidden=5, n_out=2):
    return {"x": rng.normal(0.0, 1.0, x), "n_in": x[1], "n_hidden": n_hidden, "n_out": n_out}


GROUP = "networks"
