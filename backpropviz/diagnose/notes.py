"""Conventions and odd-looking lines that are right: worth a word, never a finding."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np

from backpropviz.diagnose import binding
from backpropviz.diagnose.cases import Case
from backpropviz.diagnose.layers import Pair
from backpropviz.diagnose.program import Program
from backpropviz.diagnose.sandbox import time_limit


def conventions(program: Program, pair: Pair) -> list[str]:
    """What a right pair does where the mathematics leaves a choice."""
    notes: list[str] = []
    if pair.backward is not None:
        with contextlib.suppress(Exception), warnings.catch_warnings(), time_limit(1.0):
            warnings.simplefilter("ignore")
            if pair.layer.name == "relu":
                notes += _relu_at_zero(program, pair)
            elif pair.layer.name == "max_pool":
                notes += _tie(program, pair)
    return notes


def _backward(program: Program, pair: Pair, case: Case, dout: np.ndarray) -> np.ndarray:
    forward, backward = program.function(pair.forward), program.function(pair.backward or "")
    arrays = {name: value.copy() for name, value in case.inputs.items()}
    returned = forward(*binding.forward_arguments(forward, pair.layer, case, arrays))
    _, cache = binding.split_outputs(returned, len(pair.layer.outputs))
    gradients = backward(*binding.backward_arguments(backward, pair.layer, case, [dout], arrays, cache))
    return np.asarray(binding.split_gradients(gradients, pair.layer.wants)[0])


def _relu_at_zero(program: Program, pair: Pair) -> list[str]:
    case = Case("at zero", {"x": np.array([[-1.0, 0.0, 2.0]])})
    dx = _backward(program, pair, case, np.ones((1, 3)))
    if dx[0, 1] == 0:
        return []
    return [f"at exactly 0 the gradient is {dx[0, 1]:g} (usually 0): a convention, either is a subgradient"]


def _tie(program: Program, pair: Pair) -> list[str]:
    case = Case("a tie", {"x": np.ones((1, 1, 2, 2))}, {"pool_height": 2, "pool_width": 2, "stride": 2})
    dx = _backward(program, pair, case, np.ones((1, 1, 1, 1)))
    if abs(dx.sum() - 1) < 1e-9:
        return []
    return [
        "in a tie every maximum gets the whole gradient (as in the course's own solution), which adds up to "
        f"{dx.sum():g} times as much here; a framework picks one of them: a convention"
    ]
