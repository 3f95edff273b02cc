"""How an operation computes each entry, found out by running it: no operation is known by name, but a few.

An operation on numbers goes by its name, and the page has the number's function. Of all others it is asked what they
do to arrays of random numbers: some only *pick* entries (a reshape, a slice, a patch), some *add* entries up (a sum, a
mean, `np.add.at`), each at one place. What is found is held against the operation itself before it is believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from backpropviz.draw.player.program.maps import as_map
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Array, Node, bare
from backpropviz.engine.named import Name, Named, Operation, expression_of, plain
from backpropviz.primitives.reductions import axes_of
from backpropviz.study.rows import fit

Recipe = dict[str, Any]
Refer = Callable[[Node], int]
_FOLDS = {"max": "max", "amax": "max", "min": "min", "amin": "min", "prod": "prod", "var": "var", "std": "std"}
_MOST_ROWS = 400  # entries of an operation whose Jacobian is asked for row by row
_WORDS = """
    add subtract multiply divide negative positive power float_power square sqrt cbrt reciprocal exp exp2
    expm1 log log2 log10 log1p logaddexp sin cos tan arcsin arccos arctan sinh cosh tanh arctan2 hypot
    maximum minimum fmax fmin absolute fabs where clip greater greater_equal less less_equal equal not_equal
    logical_and logical_or logical_not bitwise_and bitwise_or sign floor
"""
NUMBERS = frozenset(_WORDS.split())  # functions of numbers that the page has, by the names of the operations


def recipe(node: Node, live: Mapping[Node, bool], refer: Refer) -> Recipe | None:
    """How the entries of a node are made from those of its operands; None where that is not known.

    Args:
        live: whether a value can change; others are constants, whatever they are.
        refer: the number by which the page knows a node.
    """
    assert node.primitive is not None
    if node.primitive.name in NUMBERS and node.primitive.elementwise:
        return _entry_by_entry(node, refer)
    moving = list(dict.fromkeys(operand for _, operand in operands(node) if live[operand]))
    if any(live[parent] and parent not in moving for parent in node.parents) or not moving:
        return None  # something that can change says where to: `x[np.argmax(y)]`
    for attempt in (_product, _fold, _winner, _picked, _added, _pairs, _rows):
        found = attempt(node, moving, refer)
        if found is not None:
            return found
    return None


def _entry_by_entry(node: Node, refer: Refer) -> Recipe | None:
    """A function of numbers; sizes and settings keep their names."""
    assert node.primitive is not None
    name, args = node.primitive.name, list(node.args)
    if any(key not in ("dtype",) for key in node.kwargs):
        return None
    if name == "clip":
        args = [*args, *[None] * (3 - len(args))]
        args = [args[0], *(sign * math.inf if bound is None else bound for bound, sign in zip(args[1:], (-1, 1)))]
    told = [_operand(arg, refer) for arg in args]
    return None if any(each is None for each in told) else {"f": name, "a": told}


def _operand(arg: Any, refer: Refer) -> Any:
    if isinstance(arg, Node):
        return refer(arg)
    if isinstance(arg, Named):
        return _number(arg)
    array = np.asarray(arg)
    if array.dtype.kind not in "fiub":
        return None
    finite = np.clip(array.astype(float), -1e308, 1e308)
    return {"c": finite.ravel().tolist(), "s": list(array.shape)} if array.ndim else {"x": float(finite)}


def _number(number: Any) -> dict[str, Any]:
    """A number, and the expression of settings it was written as, if the page can compute that."""

    def told(expression: Any) -> Any:
        if isinstance(expression, Name):
            return expression.name
        if isinstance(expression, Operation):
            return [expression.symbol, told(expression.left), told(expression.right)]
        if isinstance(expression, int | float | np.number):
            return float(plain(expression))
        raise ValueError(expression)

    value = float(plain(number))
    try:
        return {"x": value, "e": told(expression_of(number))}
    except ValueError:  # a size, or a function of numbers: it stays as it is
        return {"x": value}


def _product(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    assert node.primitive is not None
    both = all(isinstance(arg, Node) for arg in node.args[:2])
    plain_dot = node.primitive.name == "dot" and all(
        arg.value.ndim < 3 for arg in node.args[:2] if isinstance(arg, Node)
    )
    if both and not node.kwargs and (node.primitive.name == "matmul" or plain_dot) and min(map(_ndim, node.args)) > 0:
        return {"m": [refer(arg) for arg in node.args]}
    return None


def _ndim(value: Any) -> int:
    return np.ndim(bare(value))


def _fold(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    """A largest, smallest, product, variance of the entries along some axes."""
    assert node.primitive is not None
    options = {name: bare(value) for name, value in zip(("axis",), node.args[1:])} | bare(node.kwargs)
    if node.primitive.name not in _FOLDS or set(options) - {"axis", "keepdims", "ddof"} or len(moving) != 1:
        return None
    if node.args[0] is not moving[0] or len(node.args) > 2:
        return None
    (operand,) = moving
    groups = _groups(operand.shape, node.shape, options.get("axis"), options.get("keepdims", False))
    found = {"g": _FOLDS[node.primitive.name], "a": refer(operand), "to": as_map(groups)}
    return {**found, "ddof": float(options["ddof"])} if "ddof" in options else found


def _groups(shape: tuple[int, ...], reduced: tuple[int, ...], axis: Any, keepdims: bool) -> Array:
    """For every entry of an array, the entry of its reduction that it is part of."""
    into = np.arange(math.prod(reduced)).reshape(reduced)
    axes = axes_of(axis, len(shape))
    return np.broadcast_to(into if keepdims else np.expand_dims(into, axes), shape)


def _winner(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    assert node.primitive is not None
    if node.primitive.name != "first_winner":
        return None
    x, out = node.args[:2]
    options = bare(node.kwargs)
    groups = _groups(x.shape, out.shape, options.get("axis"), options.get("keepdims", False))
    return {"w": [refer(x), refer(out)], "to": as_map(groups)}


def _run(node: Node, values: Mapping[Node, Array]) -> Array | None:
    """The operation on other values of some of its operands."""
    assert node.primitive is not None
    of = lambda each: values[each] if each in values else each.value  # noqa: SIM401
    with np.errstate(all="ignore"):
        try:
            return np.asarray(node.primitive.run(*bare(node.args, of), **bare(node.kwargs, of)))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None


def _drawn(moving: list[Node], seed: int) -> dict[Node, Array]:
    rng = np.random.default_rng(seed)
    return {node: rng.normal(size=node.shape) for node in moving}


def _picked(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    """Entries that are moved and nothing else, and constants between them."""
    if any(operand.value.dtype.kind not in "fb" for operand in moving):
        return None
    first, second = _drawn(moving, 1), _drawn(moving, 2)
    one, other = _run(node, first), _run(node, second)
    if one is None or other is None or one.dtype.kind != "f" or one.shape != node.shape:
        return None
    whole, again = (np.concatenate([drawn[each].ravel() for each in moving]) for drawn in (first, second))
    order = np.argsort(whole)
    at = order[np.clip(np.searchsorted(whole, one, sorter=order), 0, whole.size - 1)] if whole.size else None
    if at is None:
        return None
    moved = (whole[at] == one) & (again[at] == other)
    if not (moved | (one == other)).all():
        return None
    constants = sorted(set(one[~moved].tolist()))
    places = np.where(moved, at, -1 - np.searchsorted(constants, one)) if constants else at
    return {"p": as_map(places), "a": [refer(each) for each in moving], "k": constants}


def _added(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    """A sum in which every entry of the operands has its place, with a weight."""
    values = _drawn(moving, 3)
    made = _run(node, values)
    if made is None or made.dtype.kind != "f" or made.shape != node.shape or not made.size:
        return None
    terms = []
    total = np.zeros(made.size)
    labels = np.arange(1.0, made.size + 1).reshape(made.shape)
    for position, operand in operands(node):
        if operand not in moving:
            continue
        weights, labelled = (_handed(node, position, operand, g) for g in (np.ones(made.shape), labels))
        if weights is None or labelled is None:
            return None
        with np.errstate(all="ignore"):
            places = np.where(weights != 0, labelled / weights, 0.0)
        if not np.allclose(places, np.rint(places), atol=1e-6) or np.abs(places).max() > made.size:
            return None
        into = np.rint(places).astype(int) - 1
        kept = into >= 0
        np.add.at(total, into[kept], (weights * values[operand])[kept])
        alike = set(weights[kept].tolist())
        weight: Any = alike.pop() if len(alike) == 1 else weights.ravel().tolist()
        terms.append([refer(operand), as_map(into), weight])
    return {"t": terms} if np.allclose(total, made.ravel(), rtol=1e-11, atol=1e-11) else None


def _handed(
    node: Node, position: int, operand: Node, gradient: Array, others: Mapping[Node, Array] | None = None
) -> Array | None:
    """What the operation hands back to an operand; with `others` in the place of other operands' values."""
    of = lambda each: others[each] if others and each in others else each.value
    assert node.primitive is not None
    entry = node.primitive.gradient(position)
    if entry is None:
        return None
    try:
        with np.errstate(all="ignore"):
            handed = fit(
                entry.vjp(gradient.copy(), node.value, *bare(node.args, of), **bare(node.kwargs, of)), operand.shape
            )
    except (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError):
        return None
    return -handed if entry.negative else handed


def _pairs(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    """A sum of products of two operands' entries: an einsum, an outer product.

    The derivative by an entry of the first is an entry of the second: with the numbers from 1 on in that one's place,
    the derivative says which.
    """
    if len(moving) != 2 or not 0 < node.value.size <= _MOST_ROWS:
        return None
    positions = {operand: position for position, operand in operands(node)}
    one, other = sorted(moving, key=positions.__getitem__)
    values = _drawn(moving, 5)
    made = _run(node, values)
    if made is None or made.dtype.kind != "f" or made.shape != node.shape:
        return None
    labels = np.arange(1.0, other.value.size + 1).reshape(other.shape)
    starts, left, right = [0], [], []
    for at in range(made.size):
        unit = np.zeros(made.size)
        unit[at] = 1.0
        told = _handed(node, positions[one], one, unit.reshape(made.shape), {other: labels})
        if told is None or not np.array_equal(told, np.rint(told)) or np.abs(told).max() > other.value.size:
            return None
        there = np.flatnonzero(told)
        left += there.tolist()
        right += (told.ravel()[there].astype(int) - 1).tolist()
        starts.append(len(left))
    products = values[one].ravel()[left] * values[other].ravel()[right]
    totals = np.array([products[start:end].sum() for start, end in pairwise(starts)])
    if not np.allclose(totals, made.ravel(), rtol=1e-11, atol=1e-11):
        return None
    return {"q": [starts, left, right], "a": [refer(one), refer(other)]}


def _rows(node: Node, moving: list[Node], refer: Refer) -> Recipe | None:
    """Any other operation that is linear in its operands: a cumulative sum, a filter. Row by row of its Jacobian."""
    values = _drawn(moving, 4)
    made = _run(node, values)
    if made is None or made.dtype.kind != "f" or not 0 < made.size <= _MOST_ROWS or made.shape != node.shape:
        return None
    columns = [(position, operand) for position, operand in operands(node) if operand in moving]
    offsets = dict(zip(moving, np.cumsum([0, *(operand.value.size for operand in moving)])))
    starts, places, weights = [0], [], []
    for at in range(made.size):
        unit = np.zeros(made.size)
        unit[at] = 1.0
        value = 0.0
        for position, operand in columns:
            row = _handed(node, position, operand, unit.reshape(made.shape))
            if row is None:
                return None
            value += float((row * values[operand]).sum())
            there = np.flatnonzero(row)
            places += (there + int(offsets[operand])).tolist()
            weights += row.ravel()[there].tolist()
        if not math.isclose(value, float(made.flat[at]), rel_tol=1e-10, abs_tol=1e-10):
            return None
        starts.append(len(places))
    return {"r": [starts, places, weights], "a": [refer(each) for each in moving]}
