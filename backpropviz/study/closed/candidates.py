"""What a closed form can be made of: products of forward values, times the gradient that comes in, as it is or summed.

Every candidate has its value on every run at once, so that those that are equal by chance on one of them stay apart.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backpropviz.engine.graph import Array

_MOST = 400  # products that are kept
Axes = tuple[int, ...] | None


@dataclass(frozen=True)
class Valued:
    """Code with its value on every run."""

    code: str
    values: tuple[Array, ...]

    @cached_property
    def cost(self) -> int:
        return operations(self.code)


def operations(code: str) -> int:
    """How many operations a line of code has; making a constant or asking for a shape is none."""
    kinds = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare)
    return sum(isinstance(node, kinds) for node in ast.walk(ast.parse(code)))


def tidy(code: str) -> str:
    """The same code without brackets that it does not need."""
    return ast.unparse(ast.parse(code, mode="eval"))


def atoms(leaves: Sequence[Valued]) -> list[Valued]:
    """Forward values and what is usual of them: a, 1 - a, 1 - a ** 2, a ** 2, 1 / a."""
    found = list(leaves)
    for leaf in leaves:
        if leaf.values[0].dtype.kind == "f":
            a, code = leaf.values, leaf.code
            found += [
                Valued(f"(1 - {code})", tuple(1 - v for v in a)),
                Valued(f"(1 - {code}**2)", tuple(1 - v**2 for v in a)),
                Valued(f"{code}**2", tuple(v**2 for v in a)),
            ]
            if divides(leaf):
                found.append(Valued(f"(1 / {code})", tuple(1 / v for v in a)))
    return distinct(found)


def divides(part: Valued) -> bool:
    """Whether one may divide by it: what is not positive throughout comes near zero on some input."""
    return part.values[0].dtype.kind == "f" and all(bool(np.all(v > 0)) for v in part.values)


def products(leaves: Sequence[Valued], parts: Sequence[Valued]) -> list[Valued]:
    """The parts, and each of them times or divided by a value."""
    found = list(parts)
    for one, other in itertools.product(parts, leaves):
        if all(_together(a, b) for a, b in zip(one.values, other.values)):
            found.append(Valued(f"{one.code} * {other.code}", _map(np.multiply, one, other)))
            if divides(other):
                found.append(Valued(f"{one.code} / {other.code}", _map(np.divide, one, other)))
    return distinct(found)[:_MOST]


def linear(u: Valued, inner: Iterable[Valued], outer: Sequence[Valued], axes: Iterable[Axes]) -> Iterator[Valued]:
    """Terms that are linear in u: products with it, and products with sums of such products."""
    sums = []
    for p in inner:
        product = _times(u, p)
        if product is None:
            continue
        yield product
        if p in outer:
            sums += [_summed(product, axis) for axis in axes if product.values[0].ndim > max(axis or (0,))]
    for total in sums:
        for q in outer:
            term = _times(q, total)
            if term is not None:
                yield term


def _times(one: Valued, other: Valued) -> Valued | None:
    if "1" in (one.code, other.code):
        return other if one.code == "1" else one
    if not all(_together(a, b) for a, b in zip(one.values, other.values)):
        return None
    return Valued(f"{one.code} * {other.code}", _map(np.multiply, one, other))


def _summed(term: Valued, axes: Axes) -> Valued:
    """The sum over axes; those in front need not be kept: what is left lines up with the others."""
    leading = axes is None or axes == tuple(range(len(axes)))
    values = tuple(np.sum(v, axis=axes, keepdims=not leading) for v in term.values)
    where = "" if axes is None else f", axis={axes[0] if len(axes) == 1 else axes}"
    return Valued(f"np.sum({term.code}{where}{'' if leading else ', keepdims=True'})", values)


def distinct(found: Iterable[Valued]) -> list[Valued]:
    """Every value once, the shortest of those that are equal; none that is not finite, or zero."""
    kept: dict[tuple[object, ...], Valued] = {}
    for item in sorted(found, key=lambda item: item.cost):
        if not all(np.isfinite(v).all() for v in item.values) or not any(np.any(v) for v in item.values):
            continue
        entries = [float(np.ravel(v)[k]) for v in item.values for k in (0, v.size // 2, -1)]
        kept.setdefault((*(v.shape for v in item.values), *(f"{e:.9g}" for e in entries)), item)
    return list(kept.values())


def _map(operation: np.ufunc, one: Valued, other: Valued) -> tuple[Array, ...]:
    return tuple(operation(a, b) for a, b in zip(one.values, other.values))


def _together(one: Array, other: Array) -> bool:
    try:
        np.broadcast_shapes(one.shape, other.shape)
    except ValueError:
        return False
    return True
