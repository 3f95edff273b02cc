"""Code with its value on every run, and how larger pieces are made of smaller ones.

Every piece has its value on all runs at once, so that what is equal by chance on one of them stays apart.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.values.trees import axes_of, binary, name, number, numpy_call, operations

Axes = tuple[int, ...] | None
LARGEST = 40_000
"""Entries of one value; larger ones are not made."""
MULTIPLY, DIVIDE, SUBTRACT, POWER = ast.Mult(), ast.Div(), ast.Sub(), ast.Pow()
_WORDS = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}


class Tally:
    """How many candidates were made in this process: searches are bounded by it, and never by a clock."""

    def __init__(self) -> None:
        self.made = 0


TALLY = Tally()


@dataclass(frozen=True)
class Valued:
    """An expression with its value on every run."""

    tree: ast.expr
    values: tuple[Array, ...]

    @classmethod
    def named(cls, identifier: str, values: Iterable[Array]) -> Valued:
        return cls(name(identifier), tuple(values))

    @cached_property
    def code(self) -> str:
        return ast.unparse(self.tree)

    @cached_property
    def cost(self) -> int:
        return operations(self.tree)

    @property
    def is_float(self) -> bool:
        return bool(self.values[0].dtype.kind == "f")

    @cached_property
    def divides(self) -> bool:
        """Whether one may divide by it: what is not positive throughout comes near zero on some input."""
        return self.is_float and all(bool(np.all(v > 0)) for v in self.values)


def together(one: Valued, operator: ast.operator, other: Valued) -> Valued | None:
    """Two by one operation; None where they do not broadcast, or what comes out is too large."""
    TALLY.made += 1
    run = _WORDS[type(operator)]
    made = []
    for a, b in zip(one.values, other.values):
        shape = broadcast(a.shape, b.shape)
        if shape is None or np.prod(shape) > LARGEST:
            return None
        made.append(np.asarray(run(a, b)))
    return Valued(binary(one.tree, operator, other.tree), tuple(made))


def usual(leaf: Valued) -> Iterator[Valued]:
    """A value, and what is usual of it: a, 1 - a, 1 + a, a ** 2, 1 - a ** 2, 1 / a."""
    yield leaf
    if not leaf.is_float:
        return
    one, two = number(1), number(2)
    square = binary(leaf.tree, POWER, two)
    yield Valued(binary(one, SUBTRACT, leaf.tree), tuple(1 - v for v in leaf.values))
    yield Valued(square, tuple(v**2 for v in leaf.values))
    yield Valued(binary(one, SUBTRACT, square), tuple(1 - v**2 for v in leaf.values))
    if leaf.divides:
        yield Valued(binary(one, DIVIDE, leaf.tree), tuple(1 / v for v in leaf.values))


def summed(term: Valued, axes: Axes, keep: bool) -> Valued:
    """The sum over axes; None sums all."""
    keywords: dict[str, ast.expr] = {} if axes is None else {"axis": axes_of(axes)}
    if keep:
        keywords["keepdims"] = ast.Constant(True)
    values = tuple(np.asarray(np.sum(v, axis=axes, keepdims=keep)) for v in term.values)
    return Valued(numpy_call("sum", term.tree, **keywords), values)


def distinct(found: Iterable[Valued], most: int | None = None) -> list[Valued]:
    """Every value once, the first of those that are equal; none that is not finite, or zero."""
    kept: dict[tuple[object, ...], Valued] = {}
    for item in found:
        TALLY.made += 1
        marks: list[object] = []
        for value in item.values:
            flat = np.ravel(value)
            # one number of all entries: picking some would take a mask for another
            marks += [value.shape, f"{float(flat @ _weights(flat.size)):.9g}"]
        if "nan" in marks or "inf" in marks or "-inf" in marks or not any(np.any(v) for v in item.values):
            continue
        kept.setdefault(tuple(marks), item)
        if most is not None and len(kept) >= most:
            break
    return list(kept.values())


_WEIGHTS = np.random.default_rng(0).uniform(0.5, 1.5, 64)


def _weights(size: int) -> Array:
    """A fixed number for every entry, no two of them alike."""
    global _WEIGHTS
    if size > _WEIGHTS.size:
        _WEIGHTS = np.random.default_rng(0).uniform(0.5, 1.5, 2 * size)
    return _WEIGHTS[:size]


def broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of both together; None where they do not fit."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    made = list(longer)
    for at in range(1, len(shorter) + 1):
        a, b = longer[-at], shorter[-at]
        if a != b and a != 1 and b != 1:
            return None
        made[-at] = max(a, b) if a and b else 0
    return tuple(made)


def below(values: Sequence[Array], wanted: Sequence[Array]) -> bool:
    """They can be a part of the wanted values: broadcasting gives nothing larger."""
    return all(broadcast(v.shape, w.shape) == w.shape for v, w in zip(values, wanted))
