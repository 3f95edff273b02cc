"""Which parameters bound a value from below and from above, and sample values for these that lie in order.

`np.clip(x, lo, hi)` with `lo` above `hi` runs, gives `hi` everywhere, and shows nothing of a clip.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from backpropviz.engine.trees import called_name, walk

Bound = str | float
"""A parameter's name ("p.lo" for the entry of a dictionary), or a number."""

Sides = tuple[Bound, Bound]
"""From below and from above; ("", "hi") where the bounds are -hi and hi."""

_BELOW, _ABOVE = ("maximum", "fmax"), ("minimum", "fmin")
_NAMED = {"a_min": 0, "min": 0, "a_max": 1, "max": 1}


def bounds(definition: ast.FunctionDef, names: Collection[str]) -> set[Sides]:
    """The pairs of bounds that a function's code uses: a clip, a minimum of a maximum, `(lo < x) & (x < hi)`."""
    taken = definition.args
    in_turn = [its.arg for its in taken.posonlyargs + taken.args + taken.kwonlyargs if its.arg in names]
    reader = _Bounds(in_turn, _assigned(definition))
    return {sides for node in walk(definition) for sides in reader.of(node) if any(map(_is_name, sides))}


def handed_on(pairs: Collection[Sides], names: Mapping[str, str]) -> set[Sides]:
    """Pairs of a function that is called, by the names that its parameters have at the caller's."""
    renamed = [tuple(names.get(str(side), "?") if _is_name(side) else side for side in pair) for pair in pairs]
    return {(below, above) for below, above in renamed if "?" not in (below, above)}


def in_order(values: Mapping[str, Any], pairs: Collection[Sides], known: Mapping[str, Any]) -> dict[str, Any]:
    """The values, bounds in order: those from below and from above are turned away from their middle.

    Arrays may have any two shapes. What is `known` (given, or a default) and numbers of the code stay, and the other
    bound goes to its side of them.
    """
    made = dict(values)
    moving = {name for name in made if name not in known and _is_real(made[name])}
    for below, above in sorted(pairs, key=str):
        low, high = (known.get(side, made.get(side)) if isinstance(side, str) else side for side in (below, above))
        if below == "" and above in moving:
            made[str(above)] = abs(high)
        if not _is_real(low) or not _is_real(high) or not np.size(low) or not np.size(high):
            continue
        middle = (np.mean(low) + np.mean(high)) / 2
        middle = np.max(low) if below not in moving else np.min(high) if above not in moving else middle
        if below in moving:
            made[str(below)] = middle - abs(low - middle)
        if above in moving:
            made[str(above)] = middle + abs(high - middle)
    return made


def _is_real(value: Any) -> bool:
    return type(value) in (int, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def _is_name(side: Bound) -> bool:
    return isinstance(side, str) and side != ""


def _assigned(definition: ast.FunctionDef) -> dict[str, list[ast.Assign]]:
    found: dict[str, list[ast.Assign]] = {}
    for node in walk(definition):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node)
    return found


class _Bounds:
    def __init__(self, names: list[str], assigned: Mapping[str, list[ast.Assign]]):
        self.names, self.assigned = names, assigned

    def of(self, node: ast.AST) -> list[Sides]:
        if isinstance(node, ast.Call) and called_name(node) == "clip":
            return self._clipped(node)
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd)) or (
            isinstance(node, ast.Call) and called_name(node) == "logical_and"
        ):
            return self._between(node)
        found = []
        for bound, inner, is_above in self._one_sided(node):
            for other, _, other_is_above in self._one_sided(self._meant(inner)):
                if other_is_above != is_above:
                    found.append((other, bound) if is_above else (bound, other))
        return found

    def _clipped(self, call: ast.Call) -> list[Sides]:
        """`np.clip(x, lo, hi)` and `x.clip(lo, hi)`, bounds by place or by name."""
        of_module = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("np", "numpy")
        sides = dict(enumerate(call.args[1:] if of_module or isinstance(call.func, ast.Name) else call.args))
        sides |= {_NAMED[option.arg]: option.value for option in call.keywords if option.arg in _NAMED}
        if 0 not in sides or 1 not in sides:
            return []
        below, above = self._bound(sides[0]), self._bound(sides[1])
        if isinstance(above, str) and ast.unparse(sides[0]) == f"-{ast.unparse(sides[1])}":
            return [("", above)]
        return [] if below is None or above is None else [(below, above)]

    def _between(self, node: ast.BinOp | ast.Call) -> list[Sides]:
        """`(lo < x) & (x < hi)`"""
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.args[:2]
        pairs = [pair for part in parts if (pair := _smaller_and_greater(part))]
        found = []
        for first, second in (pairs, pairs[::-1]) if len(pairs) == 2 else ():
            below, above = self._bound(first[0]), self._bound(second[1])
            if ast.unparse(first[1]) == ast.unparse(second[0]) and below is not None and above is not None:
                found.append((below, above))
        return found

    def _one_sided(self, node: ast.AST | None) -> list[tuple[Bound, ast.expr, bool]]:
        """A bound, what it bounds, and whether from above: `np.maximum(x, lo)`, `np.where(x < lo, lo, x)`."""
        if not isinstance(node, ast.Call):
            return []
        if called_name(node) in _BELOW + _ABOVE and len(node.args) == 2:
            first, second = node.args
            pairs, is_above = [(first, second), (second, first)], called_name(node) in _ABOVE
        elif called_name(node) == "where" and len(node.args) == 3 and (compared := _smaller_and_greater(node.args[0])):
            smaller, greater = map(ast.unparse, compared)
            _, then, otherwise = node.args
            if ast.unparse(then) in (smaller, greater) and self._bound(then) is not None:
                pairs, is_above = [(then, otherwise)], ast.unparse(then) == smaller
            else:
                pairs, is_above = [(otherwise, then)], ast.unparse(otherwise) == greater
                if ast.unparse(otherwise) not in (smaller, greater):
                    return []
        else:
            return []
        found = [(bound, inner, is_above) for side, inner in pairs if (bound := self._bound(side)) is not None]
        return sorted(found, key=self._place)[-1:]  # of x and lo, what comes last among the parameters

    def _place(self, found: tuple[Bound, ast.expr, bool]) -> int:
        name = str(found[0]).partition(".")[0]
        return self.names.index(name) if name in self.names else len(self.names)

    def _meant(self, node: ast.expr) -> ast.expr | None:
        """What a name was given last, before it is used."""
        if not isinstance(node, ast.Name):
            return node
        before = [its for its in self.assigned.get(node.id, []) if its.lineno < node.lineno]
        return before[-1].value if before else None

    def _bound(self, node: ast.expr) -> Bound | None:
        if isinstance(node, ast.Name) and node.id in self.names:
            return node.id
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in self.names:
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return f"{ast.unparse(node.value)}.{key}" if isinstance(key, str) else None
        try:
            number = ast.literal_eval(node)
        except ValueError:
            return None
        return float(number) if type(number) in (int, float) else None


def _smaller_and_greater(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    left, right = node.left, node.comparators[0]
    if isinstance(node.ops[0], ast.Lt | ast.LtE):
        return left, right
    return (right, left) if isinstance(node.ops[0], ast.Gt | ast.GtE) else None
