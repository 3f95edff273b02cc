"""How many entries a mean is of: a whole number that no array has as a length, `M = size * H * W` of a group."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.reference import Reference


@dataclass(frozen=True)
class Count:
    """The entries of an input along some of its axes, or of one of as many parts as a setting says."""

    array: str
    axes: tuple[int, ...]
    parts: str = ""
    is_output = is_padded = is_made = False
    axis = -1  # of no array

    def of(self, case: Case, right: Reference) -> int:
        return self._entries(case) // self._parts(case)

    def divides(self, case: Case) -> bool:
        """The entries can be dealt to the parts."""
        return self._parts(case) > 0 and self._entries(case) % self._parts(case) == 0

    def _entries(self, case: Case) -> int:
        shape: tuple[int, ...] = case.inputs[self.array].shape
        return math.prod(shape[axis] for axis in self.axes)

    def _parts(self, case: Case) -> int:
        return int(case.settings.get(self.parts, 1))


def counts(cases: list[tuple[Case, Reference]]) -> Iterator[Count]:
    """The counts that there may be of the first input, the largest first; what is equal in all cases once."""
    case, _ = cases[0]
    array = next(iter(case.inputs))
    rank = np.ndim(case.inputs[array])
    whole = [
        k for k, v in case.settings.items() if type(v) is int and all(type(c.settings[k]) is int for c, _ in cases)
    ]
    seen = set[tuple[int, ...]]()
    for length in range(rank, 0, -1):
        for axes, parts in itertools.product(itertools.combinations(range(rank), length), ["", *whole]):
            one = Count(array, axes, parts)
            if not all(one.divides(its) for its, _ in cases):
                continue
            if (values := tuple(one.of(*its) for its in cases)) not in seen:
                seen.add(values)
                yield one


def is_count(value: ast.expr) -> bool:
    """An expression multiplies or divides whole numbers, and does nothing else: `C // G * H * W`."""
    allowed = (
        ast.BinOp, ast.Mult, ast.FloorDiv, ast.Name, ast.Load, ast.Constant, ast.Attribute, ast.Subscript, ast.Div,
        ast.USub, ast.UnaryOp,
    )  # fmt: skip
    nodes = [*ast.walk(value)]
    return any(isinstance(node, ast.BinOp) for node in nodes) and all(isinstance(node, allowed) for node in nodes)
