"""Gradients handed back by a recipe: the graph that the VJPs themselves record, node by node."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.graph import Node
from backpropviz.engine.recipes import Recipe, Recipes

RANDOM = np.random.default_rng(3)
X = RANDOM.standard_normal((4, 4))
W = RANDOM.standard_normal(4)


def places_as_numbers(x, w):
    y = x[0] * w + x[1] * w
    return y + x[3] * w + x[0, 2] * x[1, 2] * x[0, 3]


def with_itself(x, w):
    for _ in range(3):
        a, b, c = x * x, x * w, w * w
        x = a * b - c * c - b * (a + b)
        w = x[0] * x[1] * w
    return x


def by_broadcasting(x, w):
    out = np.zeros(4)
    for i in range(4):
        row = x[i] - w
        column = np.reshape(x[:, i], (4, 1)) - w
        out = out + np.sum(column, axis=0) - np.sum(row) / 3
        out = out - np.sum(column * row, axis=1)
    return out


def numbers_and_sizes(x, w):
    total, n = 0.0, len(x)
    for i in range(n):
        for scale in (2, 3, 2.0, 3.0):
            total = total + np.sum(x[i] * scale / n - (i + 1) * w) * scale
    return total


def written(x, w, *, rounds=3):
    out = np.zeros((rounds, 4))
    for i in range(rounds):
        for j in range(4):
            out[i, j] = np.sum(x[i : i + 2, j] * w[j])
        out[i] = out[i] * w
        out[0] = out[0] - out[i]
    return out


def in_two_precisions(x, w):
    for i in range(3):
        small = x.astype(np.float32)
        x = (x * w + small * w) + small * small[i] - x[i] * x
    return x


FUNCTIONS = [places_as_numbers, with_itself, by_broadcasting, numbers_and_sizes, written, in_two_precisions]


def graph(t):
    """Everything that the backward pass recorded."""
    nodes = {node: ("forward", node.index) for node in t.nodes} | {node: ("red", node.index) for node in t.red.nodes}

    def told(value):
        if isinstance(value, Node):
            return nodes[value]
        if isinstance(value, tuple):
            of = nodes[value.node] if hasattr(value, "node") else None
            return of, tuple(map(told, value))
        return type(value).__name__, repr(value)

    return [
        (
            node.primitive and node.primitive.name,
            node.name,
            told(node.args),
            {name: told(option) for name, option in node.kwargs.items()},
            told(node.parents),
            node.step and node.step.label,
            node.is_view,
            node.carries_gradient,
            node.value.tobytes(),
        )
        for node in t.red.nodes
    ]


def recorded(function, inputs, **settings):
    t = bp.trace(function, settings=settings, **inputs)
    t.backward()
    return t


def cases():
    for function in FUNCTIONS:
        yield pytest.param(function, {"x": X, "w": W}, id=function.__name__)
    for name in ("conv_naive", "maxpool_naive", "rnn", "lstm", "batchnorm"):
        yield pytest.param(name, {}, id=name)


@pytest.mark.whole
@pytest.mark.parametrize(("function", "inputs"), list(cases()))
def test_the_graph_is_the_same(function, inputs, monkeypatch):
    repeated = []
    original = Recipe.repeat
    monkeypatch.setattr(Recipe, "repeat", lambda self, *of: repeated.append(self) or original(self, *of))
    short = recorded(function, inputs)
    monkeypatch.setattr(Recipes, "of", lambda self, node: None)
    assert graph(short) == graph(recorded(function, inputs))
    assert repeated or function == "batchnorm"
