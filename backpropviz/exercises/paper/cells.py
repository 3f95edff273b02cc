"""Every entry of a trace as a formula of a spreadsheet, in terms of the cells that hold the entries it is made from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array

Cell = Callable[[int, int], str | None]
_LONGEST = 7000  # letters; a spreadsheet takes 8192

_NUMBERS: dict[str, str] = {
    "add": "({0}+{1})", "subtract": "({0}-{1})", "multiply": "({0}*{1})", "divide": "({0}/{1})", "negative": "(-{0})",
    "positive": "{0}", "power": "({0}^{1})", "float_power": "({0}^{1})", "square": "({0}^2)", "sqrt": "SQRT({0})",
    "cbrt": "(SIGN({0})*ABS({0})^(1/3))", "reciprocal": "(1/{0})", "exp": "EXP({0})", "exp2": "(2^{0})",
    "expm1": "(EXP({0})-1)", "log": "LN({0})", "log2": "LOG({0},2)", "log10": "LOG10({0})",
    "log1p": "LN(1+{0})",
    "logaddexp": "LN(EXP({0})+EXP({1}))", "sin": "SIN({0})", "cos": "COS({0})", "tan": "TAN({0})",
    "arcsin": "ASIN({0})", "arccos": "ACOS({0})", "arctan": "ATAN({0})", "sinh": "SINH({0})", "cosh": "COSH({0})",
    "tanh": "TANH({0})", "arctan2": "ATAN2({1},{0})", "hypot": "SQRT({0}^2+{1}^2)", "maximum": "MAX({0},{1})",
    "minimum": "MIN({0},{1})", "fmax": "MAX({0},{1})", "fmin": "MIN({0},{1})", "absolute": "ABS({0})",
    "fabs": "ABS({0})", "where": "IF({0}<>0,{1},{2})", "clip": "MIN(MAX({0},{1}),{2})", "greater": "IF({0}>{1},1,0)",
    "greater_equal": "IF({0}>={1},1,0)", "less": "IF({0}<{1},1,0)", "less_equal": "IF({0}<={1},1,0)",
    "equal": "IF({0}={1},1,0)", "not_equal": "IF({0}<>{1},1,0)", "logical_and": "IF(AND({0}<>0,{1}<>0),1,0)",
    "logical_or": "IF(OR({0}<>0,{1}<>0),1,0)", "logical_not": "IF({0}=0,1,0)", "sign": "SIGN({0})",
    "floor": "INT({0})", "bitwise_and": "IF(AND({0}<>0,{1}<>0),1,0)", "bitwise_or": "IF(OR({0}<>0,{1}<>0),1,0)",
}  # fmt: skip
_FOLDS = {
    "max": "MAX({all})", "min": "MIN({all})", "prod": "PRODUCT({all})",
    "var": "((SUMSQ({all})-SUM({all})^2/{n})/{rest})", "std": "SQRT((SUMSQ({all})-SUM({all})^2/{n})/{rest})",
}  # fmt: skip


class Formulas:
    """The formulas of a program (`draw/player/program`).

    Args:
        cell: where an entry of a node stands, as other sheets call it; None for a node that has no place.
        setting: where a setting stands.
    """

    def __init__(self, program: dict[str, Any], cell: Cell, setting: Callable[[str], str | None]):
        self.lines: list[dict[str, Any]] = program["nodes"]
        self.cell, self.setting = cell, setting
        self._parts: dict[Any, Any] = {}

    def size(self, ref: int) -> int:
        return int(np.prod(self.lines[ref]["s"], dtype=int))

    def formula(self, ref: int, k: int) -> str:
        """How an entry is computed, without the sign of equality; too long a one is for the caller to see."""
        line = self.lines[ref]
        if "c" in line:
            return _number(float(line["c"][k]))
        if "f" in line:
            return self._of_numbers(line, k)
        if "p" in line:
            place = int(self._map(ref, line["p"], line["s"])[k])
            return _number(line["k"][-1 - place]) if place < 0 else self._joined(line["a"], place)
        if "w" in line:
            return self._winner(ref, line, k)
        if "m" in line or "q" in line:
            (x, y), (left, right) = (line.get("m") or line["a"]), self._pairs(ref, line)[k]
            return _added([f"{self._at(x, int(i))}*{self._at(y, int(j))}" for i, j in zip(left, right)])
        if "g" in line:
            entries = [self._at(line["a"], int(i)) for i in self._gathered(ref, [[line["a"], line["to"], 1.0]])[k][1]]
            count = len(entries)
            ddof = line.get("ddof", 0.0)
            return _FOLDS[line["g"]].format(all=",".join(entries), n=count, rest=_number(count - ddof))
        return self._sum(ref, line, k)

    def _at(self, ref: int, k: int) -> str:
        return self.cell(ref, k) or self.formula(ref, k)

    def _of_numbers(self, line: dict[str, Any], k: int) -> str:
        operands = []
        for arg in line["a"]:
            if isinstance(arg, int):
                operands.append(self._at(arg, self._broadcast(tuple(self.lines[arg]["s"]), tuple(line["s"]), k)))
            elif "c" in arg:
                operands.append(_number(arg["c"][self._broadcast(tuple(arg["s"]), tuple(line["s"]), k)]))
            else:
                operands.append(self._worked(arg.get("e")) or _number(arg["x"]))
        return _NUMBERS[line["f"]].format(*operands)

    def _worked(self, expression: Any) -> str | None:
        """A number made of settings; None if one of them has no cell."""
        if isinstance(expression, list):
            left, right = (self._worked(part) for part in expression[1:])
            sign = {"**": "^"}.get(expression[0], expression[0])
            return f"({left}{sign}{right})" if left and right and str(sign) in "+-*/^" else None
        return (
            self.setting(expression)
            if isinstance(expression, str)
            else None
            if expression is None
            else _number(expression)
        )

    def _winner(self, ref: int, line: dict[str, Any], k: int) -> str:
        x, out = line["w"]
        groups = self._map(ref, line["to"], line["s"])
        best = self._at(out, int(groups[k]))
        earlier = [f"{self._at(x, int(i))}={best}" for i in np.flatnonzero(groups[:k] == groups[k])]
        alone = f"IF(OR({','.join(earlier)}),0,1)" if earlier else "1"
        return f"IF({self._at(x, k)}={best},{alone},0)"

    def _sum(self, ref: int, line: dict[str, Any], k: int) -> str:
        if "r" in line:
            starts, places, weights = line["r"]
            found = [(self._joined(line["a"], places[i]), weights[i]) for i in range(starts[k], starts[k + 1])]
        else:
            refs, places, weights = self._gathered(ref, line["t"])[k]
            found = [(self._at(int(of), int(i)), float(weight)) for of, i, weight in zip(refs, places, weights)]
        alike = {weight for _, weight in found}
        if len(alike) == 1 and (weight := alike.pop()) != 1:
            share = round(1 / weight) if weight else 0
            total = _added([text for text, _ in found])
            return (
                f"({total}/{share})"
                if share > 1 and abs(share * weight - 1) < 1e-12
                else f"({total}*{_number(weight)})"
            )
        return _added([text if weight == 1 else f"{text}*{_number(weight)}" for text, weight in found])

    def _joined(self, refs: list[int], place: int) -> str:
        for ref in refs:
            if place < self.size(ref):
                return self._at(ref, place)
            place -= self.size(ref)
        raise AssertionError("a place lies behind its operands")

    # ---- which entry goes where, worked out once for each node -------------------------------------------------------

    def _map(self, key: Any, map: Any, shape: list[int]) -> Array:
        if key not in self._parts:
            self._parts[key] = spread(map, shape)
        found: Array = self._parts[key]
        return found

    def _broadcast(self, of: tuple[int, ...], to: tuple[int, ...], k: int) -> int:
        if of == to:
            return k
        if (of, to) not in self._parts:
            size = int(np.prod(of, dtype=int))
            self._parts[of, to] = np.broadcast_to(np.arange(size).reshape(of), to).ravel()
        return int(self._parts[of, to][k])

    def _gathered(self, ref: int, terms: list[Any]) -> Any:
        """For every entry: the nodes, the entries and the weights of what is added up."""
        if ref not in self._parts:
            into, refs, places, weights = [], [], [], []
            for of, map, weight in terms:
                to = spread(map, self.lines[of]["s"])
                into.append(to)
                refs.append(np.full(to.size, of))
                places.append(np.arange(to.size))
                weights.append(np.broadcast_to(np.asarray(weight, dtype=float), to.size))
            columns = [np.concatenate(part) for part in (into, refs, places, weights)]
            self._parts[ref] = [[part[columns[0] == k] for part in columns[1:]] for k in range(self.size(ref))]
        return self._parts[ref]

    def _pairs(self, ref: int, line: dict[str, Any]) -> Any:
        """For every entry: which entries of the first factor meet which of the second."""
        if ref not in self._parts:
            if "q" in line:
                starts, left, right = map(np.asarray, line["q"])
                self._parts[ref] = [(left[a:b], right[a:b]) for a, b in pairwise(starts)]
            else:
                self._parts[ref] = matrix_pairs(*(tuple(self.lines[each]["s"]) for each in line["m"]))
        return self._parts[ref]


def matrix_pairs(x: tuple[int, ...], y: tuple[int, ...]) -> list[tuple[Array, Array]]:
    """For every entry of a matrix product of such shapes: the entries of both that are multiplied."""
    one, other = (np.arange(int(np.prod(shape, dtype=int))).reshape(shape) for shape in (x, y))
    one = one[None, :] if one.ndim == 1 else one
    other = other[:, None] if other.ndim == 1 else other
    stack = np.broadcast_shapes(one.shape[:-2], other.shape[:-2])
    rows = np.broadcast_to(one, (*stack, *one.shape[-2:]))
    columns = np.broadcast_to(other, (*stack, *other.shape[-2:])).swapaxes(-1, -2)
    return [
        (rows[(*place, i)], columns[(*place, j)])
        for place in np.ndindex(stack) for i in range(rows.shape[-2]) for j in range(columns.shape[-2])
    ]  # fmt: skip


def spread(map: Any, shape: list[int]) -> Array:
    """A map of entries (`draw/player/program/maps.py`) as a list of flat indices."""
    if not isinstance(map, dict):
        return np.asarray(map, dtype=int)
    total = np.full(tuple(shape), map["first"])
    for axis, step in enumerate(map["steps"]):
        lengths = [1] * len(shape)
        lengths[axis] = shape[axis]
        total = total + step * np.arange(shape[axis]).reshape(lengths)
    return total.ravel()


def too_long(formula: str) -> bool:
    return len(formula) > _LONGEST


def _added(terms: list[str]) -> str:
    return f"({'+'.join(terms)})" if terms else "0"


def _number(value: float) -> str:
    text = repr(float(value)).replace("e", "E")
    return f"({text})" if value < 0 else text
