"""Expressions that give a whole number in every configuration: built up from those at hand, the shortest first."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.study.values.trees import binary, name, number

Vector = tuple[int, ...]
Level = dict[Vector, ast.expr]
_MOST_LEAVES = 12


def leaves_of(scopes: list[dict[str, Any]]) -> Level:
    """The whole numbers that are at hand in all configurations, by their values there."""
    common = [k for k in scopes[0] if all(k in scope for scope in scopes)] if scopes else []
    found: dict[Vector, ast.expr] = {}
    for constant in (1, 2):
        found[(constant,) * len(scopes)] = number(constant)
    for identifier in common:
        values = [scope[identifier] for scope in scopes]
        if all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values):
            found.setdefault(tuple(int(value) for value in values), name(identifier))
    return dict(itertools.islice(found.items(), _MOST_LEAVES))


def of_shapes(wanted: Vector, scopes: list[dict[str, Any]]) -> ast.expr | None:
    """The length of one axis of an array at hand, or of all but its first: `np.prod(x.shape[1:])`."""
    for identifier in scopes[0] if scopes else ():
        arrays = [scope.get(identifier) for scope in scopes]
        if not all(isinstance(array, np.ndarray) for array in arrays):
            continue
        shapes = [array.shape for array in arrays if array is not None]
        if tuple(int(np.prod(shape[1:])) for shape in shapes) == wanted and any(len(shape) > 2 for shape in shapes):
            return ast.parse(f"np.prod({identifier}.shape[1:])", mode="eval").body
        for axis in range(min(map(len, shapes))):
            if tuple(shape[axis] for shape in shapes) == wanted:
                return ast.parse(f"{identifier}.shape[{axis}]", mode="eval").body
    return None


def expression(wanted: Vector, leaves: Level) -> ast.expr | None:
    """The shortest expression of the leaves, by + - * //, that has these values; None where none is short enough.

    >>> leaves = {(8, 14): name("H"), (3, 2): name("k"), (2, 3): name("s"), (1, 1): number(1)}
    >>> ast.unparse(expression((3, 5), leaves))
    '(H - k) // s + 1'
    """
    if wanted in leaves:
        return leaves[wanted]
    two = next((v for v, node in leaves.items() if isinstance(node, ast.Constant) and node.value == 2), None)
    doubled = {tuple(2 * n for n in v): binary(number(2), ast.Mult(), leaf) for v, leaf in leaves.items() if two}
    others, level = {**doubled, **leaves}, leaves
    for _ in range(2):
        values, node = _combined(level, others)
        if found := _reached(wanted, values, node, leaves):
            return found
        first = {tuple(value): at for at, value in reversed([*enumerate(values.tolist())])}
        level = {value: node(at) for value, at in sorted(first.items(), key=lambda item: item[1])}
    return None


def _combined(level: Level, others: Level) -> tuple[Any, Callable[[int], ast.expr]]:
    """The values of all that is made of one of a level and one of the others, a row each, and how the rows are made."""
    left, right = [*level.values()], [*others.values()]
    one, other = np.array([*level])[:, None], np.array([*others])[None]
    values = np.concatenate([made(one, other).reshape(-1, one.shape[-1]) for _, made in _OPERATORS])

    def node(at: int) -> ast.expr:
        operator, i, j = np.unravel_index(at, (len(_OPERATORS), len(left), len(right)))
        return binary(left[i], _OPERATORS[operator][0](), right[j])

    return values, node


def _divided(values: Any, by: Any) -> Any:
    """Whole quotients; of what is not divided by positive numbers, what no size is."""
    return np.where(by.min(axis=-1, keepdims=True) > 0, values // np.maximum(by, 1), -1)


_OPERATORS = ((ast.Add, np.add), (ast.Sub, np.subtract), (ast.Mult, np.multiply), (ast.FloorDiv, _divided))


def _reached(wanted: Vector, values: Any, node: Callable[[int], ast.expr], leaves: Level) -> ast.expr | None:
    """The wanted values, directly or by a last division and a last 1: `(H - k) // s + 1`."""
    for divisor, leaf in (((), None), *leaves.items()):
        quotients = values if leaf is None else _divided(values, np.array(divisor))
        for more in (0, 1):
            reached = (quotients == np.array(wanted) - more).all(axis=1)
            if reached.any():
                found = node(int(np.argmax(reached)))
                found = found if leaf is None else binary(found, ast.FloorDiv(), leaf)
                return binary(found, ast.Add(), number(1)) if more else found
    return None
