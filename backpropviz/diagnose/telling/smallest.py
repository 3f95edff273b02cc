"""The smallest input on which something shows: shorter axes first, then smaller settings, then rounder numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from backpropviz.course.record import Case

Shown = TypeVar("Shown")
TRIALS = 120
_DECIMALS = (0, 1)
_FIXED = {"seed"}  # settings that are no sizes


def smallest(case: Case, first: Shown, shows: Callable[[Case], Shown | None]) -> tuple[Case, Shown]:
    """The case made smaller as long as what `shows` looks for is there, and what it saw last.

    Args:
        first: what it saw in the case as it is.
    """
    tried: set[str] = set()
    trials = TRIALS
    found = first
    smaller: Case | None = case
    while smaller is not None:
        case, smaller = smaller, None
        for candidate in _smaller(case):
            key = repr([*candidate.inputs.values(), *candidate.settings.items()])
            if key in tried or trials == 0:
                continue
            tried.add(key)
            trials -= 1
            seen = shows(candidate)
            if seen is not None:
                smaller, found = candidate, seen
                break
    return case, found


def _smaller(case: Case) -> Iterator[Case]:
    """Cases a little smaller, the boldest first."""
    lengths = {n for value in case.inputs.values() for n in value.shape}
    for length in sorted(lengths - {0, 1}, reverse=True):
        for to in range(1, length):
            yield _cut(case, length, to)
    for name, value in case.settings.items():
        if type(value) is int and name not in _FIXED:
            yield from (replace(case, settings={**case.settings, name: fewer}) for fewer in range(value))
    for decimals in _DECIMALS:
        for name, value in case.inputs.items():
            rounded = np.round(value, decimals) if value.dtype.kind == "f" else value
            if np.any(rounded) and not np.array_equal(rounded, value):
                yield replace(case, inputs={**case.inputs, name: rounded + 0.0})


def _cut(case: Case, length: int, to: int) -> Case:
    """Every axis of one length is the same axis, as a rule, and becomes shorter everywhere: so do labels along it."""

    def shorter(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        part = value[tuple(slice(to if n == length else None) for n in value.shape)].copy()
        return part % to if part.dtype.kind in "iu" and value.max(initial=0) < length else part

    settings = {
        name: to if type(value) is int and value == length and name not in _FIXED else shorter(value)
        for name, value in case.settings.items()
    }
    return replace(case, inputs={name: shorter(value) for name, value in case.inputs.items()}, settings=settings)
