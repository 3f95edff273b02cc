"""Judges a layer that only its author knows: the gradient times a random direction is how the forward pass changes.

For every input v, of the direction u and the step h:

    sum(dv * u)  =  (L(v + h u) - L(v - h u)) / 2h,    where L = sum(out * dout)

The gradient is there before the direction is drawn. A gradient that is wrong in one entry is wrong along almost every
direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.unknown_gradients import call, upstream_for
from backpropviz.diagnose.runs.outcomes import Cell, Outcome
from backpropviz.diagnose.student.frames import TOLD
from backpropviz.diagnose.student.program import Program

_STEPS = (1e-5, 1e-4, 1e-6, 1e-3, 1e-2)
"""In turn: a kink wants a small one, single precision a large one."""

_DIRECTIONS, _TRIES = 2, 3
_TOLERANCE = 1e-3  # of the root of the sum of squares that meet along a direction
_ROUNDING = 1e-13  # of the sum that is differentiated


def outcomes(program: Program, pair: Pair, cases: tuple[Case, ...], seed: int) -> Iterator[Outcome]:
    """What each case gives, with other numbers in its arrays than those that were looked at before."""
    for number, case in enumerate(cases):
        yield _outcome(program, pair, case, np.random.default_rng([seed, number]))


def _outcome(program: Program, pair: Pair, case: Case, random: np.random.Generator) -> Outcome:
    """One case; a gradient is right if it is on some of a few inputs: at a kink there is none."""
    best = Outcome(case)
    for number in range(_TRIES):
        tried = replace(case, inputs=_moved(case, random) if number < _TRIES - 1 else case.inputs)
        try:
            found = _tried(program, pair, tried, random)
        except BaseException as error:
            if not hasattr(error, TOLD):
                raise
            found = {f"d{name}": Cell(False, trouble=f"{type(error).__name__}: {error}") for name in pair.layer.wants}
        best.cells |= {name: cell for name, cell in found.items() if cell.ok or name not in best.cells}
        if all(cell.ok for cell in best.cells.values()):
            break
    return best


def _moved(case: Case, random: np.random.Generator) -> dict[str, Any]:
    """Inputs near those of a case: what is zero, positive or below one stays so."""
    return {
        name: value * (1 + 0.02 * random.uniform(-1, 1, value.shape)) if value.dtype.kind == "f" else value
        for name, value in case.inputs.items()
    }


def _tried(program: Program, pair: Pair, case: Case, random: np.random.Generator) -> dict[str, Cell]:
    layer = pair.layer
    returned = call(program, pair, case, case.inputs)
    values, rest = binding.split_outputs(returned, len(layer.outputs))
    outputs = {name: np.array(value, dtype=float) for name, value in zip(layer.outputs, values)}
    upstream = upstream_for(outputs)
    if pair.backward is not None:
        backward = program.function(pair.backward)
        douts = [value.copy() for value in upstream.values()]
        arrays = {name: value.copy() for name, value in case.inputs.items()}
        rest = backward(*binding.backward_arguments(backward, layer, case, douts, arrays, rest))
    gradients = binding.split_gradients(rest, layer.wants)

    def loss(arrays: dict[str, Any]) -> tuple[float, float]:
        """The sum that is differentiated, and that of the absolute values."""
        its = binding.split_outputs(call(program, pair, case, arrays), len(layer.outputs))[0]
        terms = [np.array(value, dtype=float) * dout for value, dout in zip(its, upstream.values())]
        return sum(float(np.sum(term)) for term in terms), sum(float(np.sum(np.abs(term))) for term in terms)

    cells = {name: Cell(bool(np.isfinite(value).all()), value) for name, value in outputs.items()}
    for i, name in enumerate(layer.wants):
        got = gradients[i] if i < len(gradients) else None
        cells[f"d{name}"] = Cell(_agrees(loss, case.inputs, name, got, random), got)
    return cells


def _agrees(
    loss: Callable[[dict[str, Any]], tuple[float, float]], inputs: dict[str, Any], name: str, gradient: Any,
    random: np.random.Generator,
) -> bool:  # fmt: skip
    """Whether what came back for an input is its gradient, along random directions."""
    value = inputs[name]
    if not isinstance(gradient, np.ndarray | np.generic | float) or np.shape(gradient) != value.shape:
        return False
    if isinstance(gradient, np.ma.MaskedArray) or not np.isfinite(gradient).all():
        return False
    for _ in range(_DIRECTIONS):
        direction = random.normal(size=value.shape)
        terms = np.asarray(gradient, dtype=float) * direction
        for step in _STEPS:
            above, size = loss({**inputs, name: value + step * direction})
            below, _ = loss({**inputs, name: value - step * direction})
            gap = abs((above - below) / (2 * step) - float(np.sum(terms)))
            if gap <= _TOLERANCE * float(np.sqrt(np.sum(terms**2))) + _ROUNDING * size / step:
                break
        else:
            return False
    return True
