"""Sums of one to three candidates that equal a wanted value on every run, with coefficients that can be named.

The first run proposes: two terms make the wanted value where, without their parts along it, they are parallel, so that
sorting finds them. The other runs, with other sizes, have to agree, and every coefficient has to be the same small
number, times or divided by the same size or setting, in all of them: what one shape makes equal by accident drops out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.values.valued import Valued, broadcast

_EXACT, _NEAR, _MOST, _TRIED = 1e-10, 1e-8, 40, 200
_ROWS, _FIRSTS, _TERMS = 24, 12, 900  # equations that propose; terms that a sum of three begins with; terms
_NUMBERS = [Fraction(n, d) for d in (1, 2, 3, 4) for n in (1, 2, 3, 4) if np.gcd(n, d) == 1]


@dataclass(frozen=True)
class Coefficient:
    """A number, times what `by` names, or divided by it."""

    number: Fraction
    by: str = ""
    divided: bool = True


Sum = list[tuple[Coefficient, Valued]]


class Sums:
    """Sums of at most three of these terms.

    Args:
        shapes: of the wanted value, run by run.
        constants: sizes and settings by the code that asks for them, with their values on every run.
    """

    def __init__(
        self, terms: Sequence[Valued], shapes: Sequence[tuple[int, ...]], constants: Mapping[str, Sequence[float]]
    ):
        self._terms = [t for t in terms if all(broadcast(v.shape, s) == s for v, s in zip(t.values, shapes))][:_TERMS]
        self._names = Names(constants, len(shapes))
        columns = [np.broadcast_to(t.values[0], shapes[0]).ravel() for t in self._terms]
        size = int(np.prod(shapes[0]))
        # as many sums of all equations say as much
        self._mixing = np.random.default_rng(0).standard_normal((_ROWS, size)) if size > _ROWS else np.eye(size)
        self._columns = (
            self._mixing @ np.stack(columns, 1).astype(float) if columns else np.zeros((len(self._mixing), 0))
        )
        self._lengths = np.linalg.norm(self._columns, axis=0)
        self._units = self._columns / np.where(self._lengths > 0, self._lengths, 1)
        self._costs = np.array([term.cost for term in self._terms], int)

    def of(self, wanted: Sequence[Array], limit: int = 99) -> Iterator[Sum]:
        """Those that equal `wanted` with at most `limit` operations; of fewer terms first, and no longer ones after."""
        chosen = np.flatnonzero(self._costs <= limit)
        units, costs = self._units[:, chosen], self._costs[chosen]
        target = self._mixing @ wanted[0].ravel()
        unit = target / np.linalg.norm(target)
        for kind, least in ((_single, 0), (_pairs, 1), (_triples, 2)):
            if limit < least:
                return
            found = False
            supports = (s for s in kind(units, unit) if sum(costs[k] for k in s) + len(s) - 1 <= limit)
            for support in itertools.islice(supports, _TRIED):
                places = [int(chosen[k]) for k in support]
                if not _nameable(self._columns[:, places], target, self._names):
                    continue
                named = _named([self._terms[k] for k in places], wanted, self._names)
                if named is not None:
                    found = True
                    yield named
            if found:
                return


def _single(columns: Array, target: Array) -> Iterable[tuple[int, ...]]:
    return [(int(k),) for k in np.flatnonzero(1 - (target @ columns) ** 2 < _NEAR)]


def _pairs(columns: Array, target: Array) -> Iterable[tuple[int, ...]]:
    """Two columns make the target where they are parallel without their parts along it: found by sorting."""
    rest = columns - np.outer(target, target @ columns)
    lengths = np.linalg.norm(rest, axis=0)
    apart = np.flatnonzero(lengths > 1e-6)
    rest = rest[:, apart] / lengths[apart]
    one, other = np.random.default_rng(1).standard_normal((2, len(target)))
    rest = rest * np.where(other @ rest < 0, -1, 1)
    keys = one @ rest
    order = np.argsort(keys, kind="stable")
    found = []
    for steps in range(1, 5):  # of many that are parallel, each is paired with a few
        near = np.flatnonzero(keys[order[steps:]] - keys[order[:-steps]] < 1e-7)
        if not len(near):
            break
        left, right = order[near], order[near + steps]
        alike = np.abs(rest[:, left] - rest[:, right]).max(axis=0) < 1e-6
        found += [tuple(sorted((int(apart[i]), int(apart[j])))) for i, j in zip(left[alike], right[alike])]
    return sorted(found, key=sum)[:_MOST]


def _triples(columns: Array, target: Array) -> Iterable[tuple[int, ...]]:
    """One of the first terms, and the two that make up for what it leaves."""
    for first in range(min(_FIRSTS, columns.shape[1])):
        unit = columns[:, first]
        rest = columns - np.outer(unit, unit @ columns)
        lengths = np.linalg.norm(rest, axis=0)
        left = target - unit * (unit @ target)
        if np.linalg.norm(left) < 1e-6:
            continue
        apart = np.flatnonzero(lengths > 1e-6)
        for pair in _pairs(rest[:, apart] / lengths[apart], left / np.linalg.norm(left)):
            yield (int(first), *(int(apart[k]) for k in pair))


class Names:
    """What coefficients may be called: small numbers, times or divided by a size or a setting.

    Args:
        constants: sizes and settings by code, with their values on every run.
    """

    def __init__(self, constants: Mapping[str, Sequence[float]], runs: int):
        self._known: list[Coefficient] = []
        amounts = []
        usable = {by: values for by, values in constants.items() if all(values)}
        for by, values in {"": [1.0] * runs, **usable}.items():
            for divided in (True, False) if by else (True,):
                for number in _NUMBERS:
                    self._known.append(Coefficient(number, by, divided))
                    amounts.append([float(number) / v if divided else float(number) * v for v in values])
        self._amounts = np.array(amounts)

    def of(self, values: Sequence[float]) -> Coefficient | None:
        """What these numbers, one of each run (or of the first ones), are: 2, 1 / N, 3 * beta; None without a name."""
        got = np.asarray(values)
        sign = 1 if got[0] > 0 else -1
        off = np.abs(self._amounts[:, : len(got)] - sign * got)
        near = np.flatnonzero((off <= 1e-8 * self._amounts[:, : len(got)]).all(axis=1))
        if not len(near):
            return None
        known = self._known[near[0]]
        return Coefficient(sign * known.number, known.by, known.divided)


def _nameable(columns: Array, target: Array, names: Names) -> bool:
    """Whether all coefficients could have names, as far as the first run tells."""
    fit, *_ = np.linalg.lstsq(columns, target, rcond=None)
    return all(names.of([value]) is not None for value in fit)


def _named(terms: list[Valued], wanted: Sequence[Array], names: Names) -> Sum | None:
    fits = []
    for number, value in enumerate(wanted):
        columns = np.stack([np.broadcast_to(t.values[number], value.shape).ravel().astype(float) for t in terms], 1)
        coefficients, *_ = np.linalg.lstsq(columns, value.ravel(), rcond=None)
        if np.max(np.abs(columns @ coefficients - value.ravel())) > _EXACT * max(np.max(np.abs(value)), 1e-30):
            return None
        fits.append(coefficients)
    found = [names.of([fit[k] for fit in fits]) for k in range(len(terms))]
    return None if None in found else [(c, term) for c, term in zip(found, terms) if c is not None]
