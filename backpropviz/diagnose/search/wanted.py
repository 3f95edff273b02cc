"""Expressions found from the value they should have: bottom-up, the shortest first, equal values once.

Where it is known which value mends everything, nothing needs to be guessed and run: what is in scope is combined, on
this one input, until the value comes out. Only what does is run, on every configuration and on fresh ones.

    parts       names in scope, and what is usual of them: -a, 1 / a, a ** 2, np.sqrt(a), 1 - a ** 2, ...
    products    of two parts, matrix products, and their sums and means over axes
    wholes      one of these, times a number or a size; or two of them, added, subtracted, multiplied or divided
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.student.work import EVALUATION, WORK
from backpropviz.study.values.trees import axes_of, binary, extent, name, number, numpy_call
from backpropviz.study.values.valued import broadcast

_MOST_NAMES, _MOST_MATRICES = 10, 40  # names of which anything is made; of which matrix products are
_MOST_POOL, _LARGEST = 3000, 4000  # values; entries of one
_CLOSE = 1e-9
Valued = tuple[Any, ast.expr]


def expressions(
    wanted: Any, scope: Mapping[str, Any], first: list[str], now: Valued | None = None
) -> Iterator[ast.expr]:
    """Expressions of the names in scope that have the wanted value.

    Args:
        first: names to begin with: those that the line has already. now: what the line computes, and its value: a term
            or a factor may be missing.
    """
    arrays = {k: v for k, v in scope.items() if type(v) is np.ndarray and v.dtype.kind in "fb" and v.size > 1}
    if not isinstance(wanted, np.ndarray) or wanted.dtype.kind != "f" or not 2 <= wanted.size <= _LARGEST:
        return
    latest = [*reversed(arrays)]  # what was made just before is used more than what came in
    alike = [k for k in latest if arrays[k].shape == wanted.shape]
    order = dict.fromkeys(k for k in (*first, *alike, *latest) if k in arrays)
    small = [k for k in order if arrays[k].size <= _LARGEST]
    chosen = small[:_MOST_NAMES]
    whole = {k: v for k, v in scope.items() if isinstance(v, int | np.integer) and not isinstance(v, bool)}
    sizes = {k: int(v) for k, v in whole.items() if v > 2}
    shares = {k: v for k, v in scope.items() if isinstance(v, float) and 0 < v < 1 and k.isidentifier()}
    with np.errstate(all="ignore"):
        parts = list(_parts([(arrays[k], name(k)) for k in chosen]))
        # weights are unpacked first and multiplied last; few products of matrices have the wanted shape
        matrices = _matrices([(arrays[k], name(k)) for k in small[:_MOST_MATRICES]], wanted)
        pool = _distinct(itertools.chain(parts, matrices, _products(parts)))
        pool = _distinct(itertools.chain(pool, _reduced(pool, wanted)))
        WORK.spend(EVALUATION * len(pool) // 4)
        guarded = list(_guarded(parts, scope))
        found = [
            *_scaled(wanted, [*([now] if now else []), *pool, *guarded, *_centered(parts, wanted)], sizes, shares),
            *_combined(
                wanted, [p for p in [*([now] if now else []), *pool, *_rows(arrays, wanted)] if _fits(p[0], wanted)]
            ),
        ]
    seen = set()
    for tree in sorted(found, key=extent):
        text = ast.unparse(tree)
        if text not in seen:
            seen.add(text)
            yield tree


def _parts(leaves: list[Valued]) -> Iterator[Valued]:
    one, two = number(1), number(2)
    for value, node in leaves:
        yield value, node
        if value.dtype.kind == "b":
            continue
        yield 1 / value, binary(one, ast.Div(), node)
        yield value**2, binary(node, ast.Pow(), two)
        yield 1 - value, binary(one, ast.Sub(), node)
        yield 1 - value**2, binary(one, ast.Sub(), binary(node, ast.Pow(), two))
        yield value**3, binary(node, ast.Pow(), number(3))
        yield np.sqrt(value), numpy_call("sqrt", node)
        yield np.exp(value), numpy_call("exp", node)


def _rows(arrays: Mapping[str, Any], wanted: Any) -> Iterator[Valued]:
    """Numbers of which every row has one, lined up with the rows: `mask[:, None]`."""
    for identifier, value in arrays.items():
        if value.shape == wanted.shape[:-1] and identifier.isidentifier():
            slices: list[ast.expr] = [ast.Slice() for _ in value.shape]
            index = ast.Tuple([*slices, ast.Constant(None)], ast.Load())
            yield value[..., None].astype(float), ast.Subscript(name(identifier), index, ast.Load())


def _guarded(leaves: list[Valued], scope: Mapping[str, Any]) -> Iterator[Valued]:
    """With a small number of the scope added, its root, and one over that: what normalizations divide by."""
    small = [k for k, v in scope.items() if isinstance(v, float) and 0 < v < 1 and "eps" in k.lower()][:1]
    for identifier, (value, node) in itertools.product(small, leaves):
        if isinstance(node, ast.Name) and value.dtype.kind == "f" and np.min(value) >= 0:
            total = binary(node, ast.Add(), name(identifier))
            root = np.sqrt(value + scope[identifier])
            yield root**2, total
            yield root, numpy_call("sqrt", total)
            yield 1 / root, binary(number(1), ast.Div(), numpy_call("sqrt", total))


def _products(parts: list[Valued]) -> Iterator[Valued]:
    for (a, one), (b, other) in itertools.combinations_with_replacement(parts, 2):
        shape = broadcast(a.shape, b.shape)
        if shape is not None and math.prod(shape) <= _LARGEST:
            yield a * b, binary(one, ast.Mult(), other)


def _matrices(leaves: list[Valued], wanted: Any) -> Iterator[Valued]:
    """Matrix products of two names, either one transposed, that have the wanted shape; or one for each example."""
    rank = wanted.ndim
    flat = [(value, node) for value, node in leaves if value.ndim == rank > 1 and value.dtype.kind == "f"]
    turned = [(value.swapaxes(-1, -2), _turned(node, rank)) for value, node in flat]
    for (a, one), (b, other) in itertools.product([*flat, *turned], repeat=2):
        fits = a.shape[-1] == b.shape[-2] and a.shape[:-2] == b.shape[:-2]
        if fits and wanted.shape == (*a.shape[:-1], b.shape[-1]):
            yield a @ b, binary(one, ast.MatMult(), other)


def _centered(parts: list[Valued], wanted: Any) -> Iterator[Valued]:
    """`p * (d - np.sum(p * d, axis=-1, keepdims=True))`: back through a softmax."""
    alike = [(value, node) for value, node in parts if isinstance(node, ast.Name) and value.shape == wanted.shape]
    for (p, one), (d, other) in itertools.permutations(alike, 2):
        for axis in range(-1, -1 - wanted.ndim, -1):
            keywords: dict[str, ast.expr] = {"axis": number(axis), "keepdims": ast.Constant(True)}
            total = numpy_call("sum", binary(one, ast.Mult(), other), **keywords)
            value = p * (d - np.sum(p * d, axis=axis, keepdims=True))
            yield value, binary(one, ast.Mult(), binary(other, ast.Sub(), total))


def _turned(node: ast.expr, rank: int) -> ast.expr:
    """The last two of so many axes exchanged."""
    if rank == 2:
        return ast.Attribute(node, "T", ast.Load())
    order = [*range(rank - 2), rank - 1, rank - 2]
    return ast.Call(ast.Attribute(node, "transpose", ast.Load()), [number(axis) for axis in order], [])


def _reduced(pool: list[Valued], wanted: Any) -> Iterator[Valued]:
    """Sums and means over the axes that leave the wanted shape."""
    for value, node in pool:
        for count in range(1, value.ndim + 1):
            for axes in itertools.combinations(range(value.ndim), count):
                kept = tuple(n for axis, n in enumerate(value.shape) if axis not in axes)
                ones = tuple(1 if axis in axes else n for axis, n in enumerate(value.shape))
                if value.ndim > 1 and wanted.shape in (kept, ones) and value.shape != wanted.shape:
                    keywords: dict[str, ast.expr] = {"axis": axes_of(axes)}
                    if wanted.shape == ones:
                        keywords["keepdims"] = ast.Constant(True)
                    yield (
                        np.add.reduce(value, axis=axes, keepdims=wanted.shape == ones),
                        numpy_call("sum", node, **keywords),
                    )


def _distinct(values: Iterator[Valued] | itertools.chain[Valued]) -> list[Valued]:
    """Every value once, the first of those that are equal; none that is not finite, or zero."""
    kept: dict[tuple[Any, ...], Valued] = {}
    for value, node in itertools.islice(values, 4 * _MOST_POOL):
        if not math.isfinite(np.add.reduce(value, axis=None)):
            continue
        size = value.size  # a transposed matrix shares all of these but the second
        told = [value.item(k) for k in (0, 1 % size, size // 2, size - 1)]
        if not any(told) and not np.any(value):
            continue
        marks = (value.shape, *(f"{one:.9g}" for one in told))
        kept.setdefault(marks, (value, node))
        if len(kept) >= _MOST_POOL:
            break
    return list(kept.values())


def _fits(value: Any, wanted: Any) -> bool:
    """It can be a part of the wanted value: broadcasting it gives nothing larger."""
    return bool(broadcast(value.shape, wanted.shape) == wanted.shape)


def _scaled(
    wanted: Any, pool: list[Valued], sizes: Mapping[str, int], shares: Mapping[str, float]
) -> Iterator[ast.expr]:
    """A value times a number, a size or its root, or one over these; times a share, or what it leaves."""
    factors: list[tuple[float, ast.expr | None, bool]] = [(1.0, None, False)]
    factors += [(factor, number(factor), False) for factor in (2, 0.5, -1, -2, -0.5)]
    for identifier, size in sizes.items():
        root = numpy_call("sqrt", name(identifier))
        for factor, tree in ((float(size), name(identifier)), (float(np.sqrt(size)), root)):
            factors += [(factor, tree, False), (1 / factor, tree, True)]
    for identifier, share in shares.items():
        factors += [
            (share, name(identifier), False),
            (1 - share, binary(number(1), ast.Sub(), name(identifier)), False),
        ]
    for value, node in pool:
        if value.shape != wanted.shape:
            continue
        at = np.argmax(np.abs(value))
        quotient = np.ravel(wanted)[at] / np.ravel(value)[at]
        for factor, tree, divides in factors:
            if abs(quotient - factor) <= _CLOSE * abs(factor) and _equal(value * factor, wanted):
                if tree is None:
                    yield node
                else:
                    yield binary(node, ast.Div(), tree) if divides else binary(tree, ast.Mult(), node)


def _combined(wanted: Any, pool: list[Valued]) -> Iterator[ast.expr]:
    """Two values, one of which is what the wanted one lacks of the other."""
    at = np.unravel_index(int(np.argmax(np.abs(wanted))), wanted.shape)
    last = tuple(n - 1 for n in wanted.shape)
    spread = [(np.broadcast_to(value, wanted.shape), node) for value, node in pool]
    known: dict[tuple[str, str], list[Valued]] = {}
    for value, node in spread:
        known.setdefault(_mark(value[at], value[last]), []).append((value, node))
    for value, node in spread:
        here, there = value[at], value[last]
        lacks: tuple[tuple[float, float, ast.operator, Any], ...] = (
            (wanted[at] - here, wanted[last] - there, ast.Add(), np.add),
            (here - wanted[at], there - wanted[last], ast.Sub(), np.subtract),
            (wanted[at] / here, wanted[last] / there, ast.Mult(), np.multiply),
            (here / wanted[at], there / wanted[last], ast.Div(), np.divide),
        )
        for one, other, operator, together in lacks:
            for value_2, node_2 in known.get(_mark(one, other), []):
                if _equal(together(value, value_2), wanted):
                    yield binary(node, operator, node_2)


def _mark(one: float, other: float) -> tuple[str, str]:
    return f"{one:.8g}", f"{other:.8g}"


def _equal(one: Any, other: Any) -> bool:
    return bool(np.max(np.abs(one - other)) <= _CLOSE * np.max(np.abs(other)))
