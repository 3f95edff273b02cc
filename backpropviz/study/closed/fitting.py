"""Sums of one to three candidates that equal a wanted value on every run, with coefficients that can be named.

Least squares on the first run proposes (for pairs in closed form, from the matrix of all inner products); the other
runs, with other sizes, have to agree, and every coefficient has to be the same small number, times or divided by the
same size, in all of them: what one shape makes equal by accident drops out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.candidates import Valued

_EXACT, _NEAR, _MOST = 1e-10, 1e-8, 60
_NUMBERS = [Fraction(n, d) for d in (1, 2, 3, 4) for n in (1, 2, 3, 4) if np.gcd(n, d) == 1]


@dataclass(frozen=True)
class Coefficient:
    """A number, divided by a size where it names one."""

    number: Fraction
    size: str = ""


Sum = list[tuple[Coefficient, Valued]]


def sums(wanted: Sequence[Array], terms: Sequence[Valued], sizes: Mapping[str, Sequence[int]]) -> Iterator[Sum]:
    """Sums of at most three terms that equal `wanted`; those of fewer terms first, and no longer ones after them."""
    shapes = [w.shape for w in wanted]
    fitting = [t for t in terms if all(_fits(v, shape) for v, shape in zip(t.values, shapes))]
    if not fitting:
        return
    columns = np.stack([np.broadcast_to(t.values[0], shapes[0]).ravel().astype(float) for t in fitting], 1)
    columns = columns / np.linalg.norm(columns, axis=0)
    target = wanted[0].ravel() / np.linalg.norm(wanted[0])
    for supports in (_single(columns, target), _pairs(columns, target), _triples(columns, target, fitting)):
        found = False
        for support in supports:
            named = _named([fitting[k] for k in support], wanted, sizes)
            if named is not None:
                found = True
                yield named
        if found:
            return


def _single(columns: Array, target: Array) -> list[tuple[int, ...]]:
    return [(int(k),) for k in np.flatnonzero(1 - (target @ columns) ** 2 < _NEAR)]


def _pairs(columns: Array, target: Array) -> list[tuple[int, ...]]:
    """Two columns t, s leave 1 - (a^2 + b^2 - 2 g a b) / (1 - g^2) of the target; a, b: its parts along them."""
    along, gram = target @ columns, columns.T @ columns
    a, b = along[:, None], along[None, :]
    apart = 1 - gram**2
    left = np.where(apart > 1e-9, 1 - (a**2 + b**2 - 2 * gram * a * b) / np.maximum(apart, 1e-9), 1.0)
    found = np.argwhere(np.triu(left < _NEAR, 1))
    return [(int(i), int(j)) for i, j in found[:_MOST]]


def _triples(columns: Array, target: Array, terms: Sequence[Valued]) -> Iterator[tuple[int, ...]]:
    """One of the shortest terms, and the two that make up for what it leaves."""
    for first in np.argsort([term.cost for term in terms], kind="stable")[:2]:
        unit = columns[:, first]
        rest = columns - np.outer(unit, unit @ columns)
        lengths = np.linalg.norm(rest, axis=0)
        left = target - unit * (unit @ target)
        if np.linalg.norm(left) < 1e-6:
            continue
        apart = np.flatnonzero(lengths > 1e-6)
        for pair in _pairs(rest[:, apart] / lengths[apart], left / np.linalg.norm(left)):
            yield (int(first), *(int(apart[k]) for k in pair))


def _named(terms: list[Valued], wanted: Sequence[Array], sizes: Mapping[str, Sequence[int]]) -> Sum | None:
    fits = []
    for number, value in enumerate(wanted):
        columns = np.stack([np.broadcast_to(t.values[number], value.shape).ravel().astype(float) for t in terms], 1)
        coefficients, *_ = np.linalg.lstsq(columns, value.ravel(), rcond=None)
        if np.max(np.abs(columns @ coefficients - value.ravel())) > _EXACT * max(np.max(np.abs(value)), 1e-30):
            return None
        fits.append(coefficients)
    names = [_name([fit[k] for fit in fits], sizes) for k in range(len(terms))]
    if any(name is None for name in names):
        return None
    return [(name, term) for name, term in zip(names, terms) if name is not None]


def _name(values: Sequence[float], sizes: Mapping[str, Sequence[int]]) -> Coefficient | None:
    for size, lengths in {"": [1] * len(values), **sizes}.items():
        scaled = [value * length for value, length in zip(values, lengths)]
        for number in _NUMBERS:
            for sign in (1, -1):
                if all(abs(s - sign * float(number)) < 1e-8 for s in scaled):
                    return Coefficient(sign * number, size)
    return None


def _fits(value: Array, shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(value.shape, shape) == shape
    except ValueError:
        return False
