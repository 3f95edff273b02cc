"""Expressions that give every entry by itself, found by the values they have at a few entries.

All pieces of up to two operations are made, each value once, as rows of one matrix. The wanted value is then met from
both ends: what it lacks of a piece is looked up among the pieces, and where that is in vain, an operand is taken off
first: `s * (1 + x * (1 - s))` is `s` times something, which is 1 plus something, which is a product of two pieces.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.values.trees import binary, number, numpy_call, operations, weight
from backpropviz.study.values.valued import Valued

_POINTS, _SMALL, _PIECES, _CLOSE = 12, 1200, 20_000, 1e-9  # entries of a run; pieces of one operation; of two
_SEEN = 1e4  # how many times larger than the wanted value an operand of a sum may be
ADD, TAKE, TIMES, OVER = ast.Add(), ast.Sub(), ast.Mult(), ast.Div()


@dataclass(frozen=True)
class Pieces:
    """Expressions by row: their values at the points, and how long they are. Trees are made when they are asked for.

    Attributes:
        origin: which row of its makers each is. makers: by the first of its rows, what makes the tree of one.
    """

    rows: Array
    costs: Array
    origin: Array
    makers: list[tuple[int, Callable[[int], ast.expr]]]

    def tree(self, row: int) -> ast.expr:
        at = int(self.origin[row])
        start, make = next(pair for pair in reversed(self.makers) if pair[0] <= at)
        return make(at - start)

    @cached_property
    def by_first_entry(self) -> tuple[Array, Array]:
        """The rows in the order of their first entry, and these entries."""
        order = np.argsort(self.rows[:, 0], kind="stable")
        return order, self.rows[order, 0]

    def first(self, count: int) -> Pieces:
        return Pieces(self.rows[:count], self.costs[:count], self.origin[:count], self.makers)


def pointwise(wanted: Sequence[Array], leaves: Sequence[Valued], limit: int) -> Iterator[ast.expr]:
    """Expressions over the leaves with the wanted values and at most `limit` operations, the shortest first.

    Args:
        leaves: what may be used, numbers included; each can be broadcast to the wanted values.
    """
    at = _points(wanted)
    goal = np.concatenate([np.ravel(w)[a] for w, a in zip(wanted, at)])
    if not np.any(goal) or not np.isfinite(goal).all():
        return
    base = _pieces(_leaf_rows(wanted, leaves, at))
    small = _grown(base, base, _SMALL)
    found = _equal_to(goal, small) + (_met(goal, small, small) if limit > 1 else [])
    if not found and limit > 3:
        large = _grown(small, base, _PIECES)
        found = _met(goal, large, small)
        for residual, around, cost in _without(goal, base) if not found else ():
            if cost + 1 < limit:
                found += [_wrapped(around, tree) for tree in _met(residual, small, small)]
        found = found or _taken_off_twice(goal, base, small.first(300), limit)
    seen: set[str] = set()
    for tree in sorted(found, key=lambda tree: (operations(tree), weight(tree), len(ast.unparse(tree)))):
        text = ast.unparse(tree)
        if text not in seen and operations(tree) <= limit:
            seen.add(text)
            yield tree


def _points(wanted: Sequence[Array]) -> list[Array]:
    random = np.random.default_rng(5)
    return [np.sort(random.permutation(w.size)[:_POINTS]) for w in wanted]


def _leaf_rows(wanted: Sequence[Array], leaves: Sequence[Valued], at: list[Array]) -> list[tuple[Array, Valued]]:
    made = []
    for leaf in leaves:
        parts = [np.broadcast_to(v, w.shape).ravel()[a] for v, w, a in zip(leaf.values, wanted, at)]
        made.append((np.concatenate(parts).astype(float), leaf))
    return made


def _pieces(items: list[tuple[Array, Valued]]) -> Pieces:
    """Each value once, the shortest of those that are equal."""
    items = sorted(items, key=lambda item: _length(item[1].tree))
    rows = np.stack([row for row, _ in items])
    keep = _first_of_each(rows)
    return Pieces(
        rows[keep], np.array([_length(items[k][1].tree) for k in keep]), keep, [(0, lambda k: items[k][1].tree)]
    )


def _length(tree: ast.expr) -> float:
    """Operations, and of as many, what there is to read."""
    return operations(tree) + 0.01 * weight(tree)


def _first_of_each(rows: Array) -> Array:
    usable = np.flatnonzero(np.isfinite(rows).all(axis=1) & np.any(rows, axis=1) & (np.abs(rows).max(axis=1) < 1e9))
    kept = rows[usable]
    size = 10.0 ** (9 - np.ceil(np.log10(np.abs(kept).max(axis=1, initial=1e-300))))
    marks = np.round(kept * size[:, None] / 10) @ np.random.default_rng(6).uniform(0.5, 1.5, (rows.shape[1], 2))
    marks = np.column_stack([marks, size])
    _, first = np.unique(np.round(marks, 1), axis=0, return_index=True)
    return usable[np.sort(first)]


def _grown(pieces: Pieces, base: Pieces, most: int) -> Pieces:
    """The pieces, and all that one more operation makes of them and a leaf."""
    rows, costs, count = [pieces.rows], [pieces.costs], len(pieces.rows)
    makers: list[tuple[int, Callable[[int], ast.expr]]] = [(0, pieces.tree)]

    def add(values: Array, cost: Array, make: Callable[[int], ast.expr]) -> None:
        nonlocal count
        rows.append(values)
        costs.append(cost)
        makers.append((count, make))
        count += len(values)

    with np.errstate(all="ignore"):
        add(base.rows**2, base.costs + 1, lambda k: binary(base.tree(k), ast.Pow(), number(2)))
        for operator, run, turned in _OPERATIONS:
            for k in range(len(base.rows)):
                one, other = pieces.rows, base.rows[k]
                values = run(other, one) if turned else run(one, other)
                if operator is OVER:  # what is not positive throughout comes near zero on some input
                    values = np.where(_positive(one if turned else other), values, np.nan)
                add(
                    values,
                    pieces.costs + base.costs[k] + 1,
                    functools.partial(_joined, pieces, operator, base, k, turned),
                )
        add(-base.rows, base.costs + 1, lambda k: ast.UnaryOp(ast.USub(), base.tree(k)))
        for word in ("exp", "tanh", "sqrt", "log"):
            add(getattr(np, word)(base.rows), base.costs + 1, functools.partial(_called, word, base))
        for k in range(len(base.rows) if pieces is base else 0):
            values = np.exp(base.rows - base.rows[k])
            add(values, base.costs + base.costs[k] + 2, functools.partial(_exp_of_difference, base, k))
        add(np.exp(-base.rows), base.costs + 2, lambda k: numpy_call("exp", ast.UnaryOp(ast.USub(), base.tree(k))))
    every, cost = np.concatenate(rows), np.concatenate(costs)
    order = np.argsort(cost, kind="stable")
    keep = order[_first_of_each(every[order])][:most]
    return Pieces(every[keep], cost[keep], keep, makers)


def _beside(rows: Array, goal: Array) -> Array:
    """Which rows the goal is still seen beside: what it lacks of 1 / eps is 1 / eps, as far as digits go."""
    return np.asarray(np.abs(rows).max(axis=-1, keepdims=True) <= _SEEN * np.abs(goal).max())


def _positive(rows: Array) -> Array:
    return np.asarray(np.all(rows > 0, axis=-1, keepdims=True))


def _called(word: str, pieces: Pieces, row: int) -> ast.expr:
    return numpy_call(word, pieces.tree(row))


def _exp_of_difference(base: Pieces, other: int, row: int) -> ast.expr:
    return numpy_call("exp", binary(base.tree(row), TAKE, base.tree(other)))


def _joined(many: Pieces, operator: ast.operator, base: Pieces, leaf: int, turned: bool, row: int) -> ast.expr:
    one, other = many.tree(row), base.tree(leaf)
    return binary(other, operator, one) if turned else binary(one, operator, other)


_OPERATIONS: tuple[tuple[ast.operator, np.ufunc, bool], ...] = (
    (TIMES, np.multiply, False),
    (ADD, np.add, False),
    (TAKE, np.subtract, False),
    (TAKE, np.subtract, True),
    (OVER, np.divide, False),
    (OVER, np.divide, True),
)


def _equal_to(goal: Array, pieces: Pieces) -> list[ast.expr]:
    return [pieces.tree(k) for k in _rows_of(goal, pieces)[:3]]


def _rows_of(goal: Array, pieces: Pieces) -> list[int]:
    near = np.abs(pieces.rows - goal).max(axis=1) <= _CLOSE * np.abs(goal).max()
    return [int(k) for k in np.flatnonzero(near)]


def _met(goal: Array, many: Pieces, few: Pieces) -> list[ast.expr]:
    """Two pieces, one of which is what the goal lacks of the other."""
    order, keys = many.by_first_entry
    found = []
    with np.errstate(all="ignore"):
        safe = np.where(_positive(few.rows), few.rows, np.nan)
        near = np.where(_beside(few.rows, goal), few.rows, np.nan)
        lacks: tuple[tuple[Array, ast.operator, bool], ...] = (
            (goal / few.rows, TIMES, False),
            (goal - near, ADD, False),
            (goal + near, TAKE, False),
            (near - goal, TAKE, True),
            (goal * safe, OVER, False),
            (few.rows / goal, OVER, True),
        )
    for needed, operator, turned in lacks:
        with np.errstate(all="ignore"):
            slack = _CLOSE * np.maximum(np.abs(needed).max(axis=1), 1e-300)
        low = np.searchsorted(keys, needed[:, 0] - slack)
        high = np.searchsorted(keys, needed[:, 0] + slack, side="right")
        some = np.flatnonzero((high > low) & np.isfinite(needed).all(axis=1))
        counts = np.minimum(high - low, 40)[some]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        lacking, making = np.repeat(some, counts), order[np.repeat(low[some], counts) + within]
        close = np.abs(many.rows[making] - needed[lacking]).max(axis=1, initial=0) <= slack[lacking] * 10
        if operator is OVER and turned:
            close &= np.all(many.rows[making] > 0, axis=1)
        for k, at in zip(lacking[close][:12], making[close][:12]):
            found.append(_joined(many, operator, few, int(k), turned, int(at)))
    return found


Around = list[tuple[ast.operator, ast.expr, bool]]


def _without(goal: Array, pieces: Pieces) -> Iterator[tuple[Array, Around, int]]:
    """What is left of the goal with an operand taken off, and what has to be put around it again."""
    with np.errstate(all="ignore"):
        for k, (row, cost) in enumerate(zip(pieces.rows, pieces.costs)):
            near = np.where(_beside(row, goal), row, np.nan)
            for left, operator, turned in (
                (goal / row, TIMES, False),
                (goal * row if np.all(row > 0) else goal * np.nan, OVER, False),
                (goal - near, ADD, True),
                (goal + near, TAKE, False),
                (near - goal, TAKE, True),
            ):
                if np.isfinite(left).all() and np.any(left):
                    yield left, [(operator, pieces.tree(k), turned)], int(cost) + 1


def _taken_off_twice(goal: Array, base: Pieces, small: Pieces, limit: int) -> list[ast.expr]:
    found: list[ast.expr] = []
    for first, around, cost in _without(goal, base):
        if not isinstance(around[0][0], ast.Mult | ast.Div):
            continue
        for second, inside, more in _without(first, base.first(12)):
            if cost + more + 1 <= limit and isinstance(inside[0][0], ast.Add | ast.Sub):
                found += [_wrapped(around, _wrapped(inside, tree)) for tree in _met(second, small, small)]
        if found:
            break
    return found


def _wrapped(around: Around, tree: ast.expr) -> ast.expr:
    for operator, other, turned in around:
        tree = binary(other, operator, tree) if turned else binary(tree, operator, other)
    return tree
