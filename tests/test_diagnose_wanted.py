"""Expressions found from the value they should have."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropviz.diagnose.search.wanted import expressions
from backpropviz.diagnose.search.whole_numbers import expression
from backpropviz.study.values.trees import name, number

RANDOM = np.random.default_rng(7)
SCOPE = {
    "dout": RANDOM.normal(size=(5, 3)), "xhat": RANDOM.normal(size=(5, 3)), "gamma": RANDOM.uniform(0.5, 2, 3),
    "ivar": RANDOM.uniform(0.5, 2, 3), "w": RANDOM.normal(size=(7, 3)), "N": 5,
}  # fmt: skip


def value(text: str):
    return eval(text, {"np": np, **SCOPE})


@pytest.mark.parametrize(
    "text",
    [
        "dout * gamma",
        "np.sum(dout * xhat, axis=0)",
        "dout @ w.T",
        "dout.T @ xhat",
        "2 * xhat * dout",
        "dout * gamma / N",
        "dout * (1 - xhat ** 2)",
        "dout * gamma * ivar",
        "np.sum(dout, axis=1, keepdims=True)",
        "dout * ivar - xhat * gamma",
        "np.sum(dout * xhat, axis=0) * ivar ** 3",
    ],
)
def test_what_is_written_is_found(text):
    found = next(iter(expressions(value(text), SCOPE, [])))
    assert np.allclose(value(ast.unparse(ast.fix_missing_locations(found))), value(text))


def test_weights_that_were_unpacked_long_ago_are_multiplied_with():
    """In a backward pass of many gradients, the weights are the oldest names of all."""
    later = {f"d{k}": RANDOM.normal(size=(5, 2)) for k in range(20)}
    found = next(iter(expressions(value("dout @ w.T"), SCOPE | later, [*later])))
    assert ast.unparse(found) == "dout @ w.T"


def test_what_cannot_be_told_is_not_found():
    assert list(expressions(RANDOM.normal(size=(5, 3)), SCOPE, [])) == []


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(3, 12)] * 3, st.integers(1, 3)), min_size=4, max_size=6, unique=True))
def test_a_size_is_found_from_its_values(cases):
    leaves = {
        tuple(case[i] for case in cases): name(letter) for i, letter in enumerate(("H", "k", "p", "s"))
    } | {(1,) * len(cases): number(1), (2,) * len(cases): number(2)}  # fmt: skip
    wanted = tuple((h + 2 * p - k) // s + 1 for h, k, p, s in cases)
    tree = expression(wanted, leaves)
    assert tree is not None
    code = ast.unparse(ast.fix_missing_locations(tree))
    assert tuple(eval(code, dict(zip(("H", "k", "p", "s"), case))) for case in cases) == wanted
