"""What a function that runs on some inputs is run on as well: other settings, steps, signs and words. With what is at
hand by default, a factor that the backward pass forgets may be 1, and a branch never taken."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.protocols.apart import VARIED
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.reading import read

_STEPS = re.compile(r"stride|pad|dilation")


def variations(function: FunctionType, first: Case) -> Iterator[Case]:
    """A case with something changed in each."""
    yield from _other_signs(function, first)
    yield from _around_zero(function, first)
    parameters = binding.signature(function).parameters.values()  # settings may be given by name alone
    if settings := {its.name: _other(its.default) for its in parameters if type(its.default) is float}:
        yield replace(first, words="other settings", settings={**first.settings, **settings})
    yield from _other_steps(function, first)
    for name, said in read(function).words.items():  # `activation == "relu"`: every word that it knows
        for value in said[1:] if name in {its.name for its in parameters} else ():
            yield replace(first, words=f"{name} {value!r}", settings={**first.settings, name: value})


def _other(number: float) -> float:
    """Another number: a share, as of what is kept or dropped, stays one."""
    larger = number * 1.7 + 0.05
    return larger if not 0 < number < 1 or larger < 1 else 0.6 * number


def _other_steps(function: FunctionType, first: Case) -> Iterator[Case]:
    """Windows in larger steps, or over more padding, than by default or in a dictionary of settings."""
    parameters = binding.signature(function).parameters.values()
    said = {its.name: its.default for its in parameters if type(its.default) is int}
    steps = {name: n + 1 for name, n in said.items() if _STEPS.search(name.lower())}
    others: dict[str, dict[str, Any]] = {f"{name} {n}": {name: n} for name, n in steps.items()}
    for name, its in first.settings.items():
        held = its if isinstance(its, dict) else {}
        others |= {f"{key} {n + 1}": {name: {**held, key: n + 1}} for key, n in held.items() if key in VARIED}
    for words, changed in others.items():
        settings = {**first.settings, **changed}
        if np.size(_output(function, settings, first.inputs)):  # what is left over at the end may be too much for it
            yield replace(first, words=words, settings=settings)


def _other_signs(function: FunctionType, first: Case) -> Iterator[Case]:
    """Of a function of single numbers, negative ones: one number at a time goes one way at every `if`."""
    numbers = [name for name, value in first.inputs.items() if value.dtype.kind == "f"]
    if not numbers or any(value.ndim for value in first.inputs.values()):
        return
    for names in dict.fromkeys(((numbers[0],), tuple(numbers))):
        arrays = {name: np.asarray(-value if name in names else value) for name, value in first.inputs.items()}
        if _is_finite(_output(function, first.settings, arrays)):
            yield replace(first, words=f"negative {' and '.join(names)}", inputs=arrays)


def _around_zero(function: FunctionType, first: Case) -> Iterator[Case]:
    """Of a network, weights whose mean is zero: behind a layer of positive ones all is positive, and no ReLU cuts."""
    weights = [name for name, value in first.inputs.items() if kind_of(name) == "weight" and value.ndim > 1]
    arrays = {name: value - np.mean(value) if name in weights else value for name, value in first.inputs.items()}
    if len(weights) > 1 and _is_finite(_output(function, first.settings, arrays)):
        yield replace(first, words="weights around zero", inputs=arrays)


def _output(function: FunctionType, settings: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    """The first of what it returns; no entries where it fails."""
    with contextlib.suppress(Exception):
        result = function(**settings, **{name: value.copy() for name, value in inputs.items()})
        return result[0] if isinstance(result, tuple) else result
    return ()


def _is_finite(output: Any) -> bool:
    with contextlib.suppress(ValueError, TypeError):  # what is no array of numbers
        return bool(np.size(output) and np.isfinite(np.asarray(output, dtype=float)).all())
    return False
