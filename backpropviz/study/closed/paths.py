"""Which path brings which term of a closed form: `dx_3 = -np.sum(dxhat, axis=0) / N`.

The short form is multiplied out; each of its terms is held, on all runs, against the paths that the long form adds up,
and against sums of a few of them. Only where every path finds its place is anything told.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.reasons import Reason
from backpropviz.study.closed.stretches import Stretch, terms_of
from backpropviz.study.closed.writing import cancelled, written
from backpropviz.study.values.trees import binary, expression

_MOST_PATHS, _TOGETHER, _CLOSE = 6, 3, 1e-9
_FOUND = "these paths together: equal on every run, found by search"


def by_paths(stretch: Stretch, lines: Sequence[str], scopes: list[dict[str, Any]]) -> list[Reason]:
    """What each path comes to, as a term of the last of `lines`; nothing where some path is no such term.

    Args:
        scopes: the values of all names, a dictionary a run.
    """
    paths = list(_added(stretch.target, {line.name: line for line in stretch.between if line.name}))
    if not 1 < len(paths) <= _MOST_PATHS or stretch.parts:
        return []
    scopes = [dict(scope) for scope in scopes]
    for line, scope in itertools.product(lines[:-1], scopes):
        exec(line, scope)
    terms = [cancelled(term) for term in _multiplied_out(expression(lines[-1].partition(" = ")[2]))]
    left, found = list(paths), list[Reason]()
    for term in terms:
        chosen = _making(term, left, scopes)
        if not chosen:
            return []
        left = [path for path in left if path not in chosen]
        formula = f"{' + '.join(chosen)} = {written(term)}"
        if all(formula != line.text for line in stretch.between):
            found.append(Reason(formula, "this path, in one line" if len(chosen) == 1 else _FOUND))
    if left and not all(_equal(sum(scope[path] for path in left), np.zeros(()), scope[left[0]]) for scope in scopes):
        return []
    return [*found, *[Reason(f"{' + '.join(left)} = 0", "what comes back this way adds up to nothing")] * bool(left)]


def _added(target: Line, lines: dict[str, Line]) -> Iterator[str]:
    """The names that a sum is made of, and those that these are sums of."""
    for name in terms_of(target.code) or [target.name]:
        inner = lines.get(name)
        if inner is not None and inner is not target and terms_of(inner.code):
            yield from _added(inner, lines)
        else:
            yield name


def _multiplied_out(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return [_negative(term) for term in _multiplied_out(tree.operand)]
    if not isinstance(tree, ast.BinOp):
        return [tree]
    first = _multiplied_out(tree.left)
    if isinstance(tree.op, ast.Div):
        return [binary(term, tree.op, tree.right) for term in first]
    second = _multiplied_out(tree.right)
    if isinstance(tree.op, ast.Mult):
        return [binary(one, tree.op, other) for one, other in itertools.product(first, second)]
    if isinstance(tree.op, ast.Add | ast.Sub):
        return [*first, *(second if isinstance(tree.op, ast.Add) else map(_negative, second))]
    return [tree]


def _negative(tree: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), tree)


def _making(term: ast.expr, paths: Sequence[str], scopes: list[dict[str, Any]]) -> tuple[str, ...]:
    """The fewest of the paths that add up to a term on all runs; none where no few do."""
    code = compile(ast.Expression(ast.fix_missing_locations(term)), "<term>", "eval")
    with np.errstate(all="ignore"):
        values = [np.asarray(eval(code, scope)) for scope in scopes]
    for count in range(1, _TOGETHER + 1):
        for chosen in itertools.combinations(paths, count):
            sums = [sum(scope[path] for path in chosen) for scope in scopes]
            if all(_equal(total, value, value) for total, value in zip(sums, values)):
                return chosen
    return ()


def _equal(one: Array | float, other: Array, scale: Array) -> bool:
    largest = max(float(np.max(np.abs(scale), initial=0)), 1e-300)
    return bool(np.max(np.abs(one - other), initial=0) <= _CLOSE * largest)
