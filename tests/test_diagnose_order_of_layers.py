"""Networks that go back through their layers in the order of the forward pass, and what is proved of that."""

from __future__ import annotations

import pytest

from backpropviz.diagnose import diagnose

NETWORK = """
import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out**2)


class Sequential:
    def __init__(self, *layers):
        self.layers = {held}

    def each(self):
        return self.layers

    def forward(self, x):
        for layer in {each}:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        grad = dout
        for layer in {each}:
            grad = layer.backward(grad)
        return grad
"""


def findings(tmp_path, held, each):
    path = tmp_path / "network.py"
    path.write_text(NETWORK.replace("{held}", held).replace("{each}", each), encoding="utf-8")
    (report,) = diagnose(path, functions=["Sequential.backward"]).functions
    return report.findings


@pytest.mark.parametrize(
    ("held", "each", "backwards"),
    [
        ("layers", "self.layers", "self.layers[::-1]"),
        ("dict(enumerate(layers))", "self.layers.values()", "reversed(self.layers.values())"),
    ],
)
def test_the_last_layer_comes_first(tmp_path, held, each, backwards):
    (found,) = findings(tmp_path, held, each)
    assert (found.kind, found.proved, found.expected) == ("reversed", True, f"for layer in {backwards}:")


def test_what_mends_the_last_layer_alone_is_not_proved(tmp_path):
    found = findings(tmp_path, "layers", "self.each()")
    assert found
    assert not any(its.proved for its in found)
