"""Which path brings which term of a closed form: `dx_3 = -np.sum(dxhat, axis=0) / N`.

The short form is multiplied out; each of its terms is held, on all runs, against the paths that the long form adds up,
and against sums of a few of them. Only where every path finds its place is anything told.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter
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


def by_paths(stretch: Stretch, lines: Sequence[str], scopes: list[dict[str, Any]]) -> list[Reason] | None:
    """What each path comes to, as a term of the last of `lines`; None where some path is no such term.

    Args:
        scopes: the values of all names, a dictionary a run.
    """
    paths = list(_added(stretch.target, {line.name: line for line in stretch.between if line.name}))
    if not 1 < len(paths) <= _MOST_PATHS or stretch.parts:
        return None
    scopes = [dict(scope) for scope in scopes]
    for line, scope in itertools.product(lines[:-1], scopes):
        exec(line, scope)
    left, found = list(paths), list[Reason]()
    for term in _terms_of(lines, scopes):
        chosen = _making(term, left, scopes)
        if not chosen:
            return None
        left = [path for path in left if path not in chosen]
        formula = f"{' + '.join(chosen)} = {written(term)}"
        if all(formula != line.text for line in stretch.between):
            found.append(Reason(formula, _why(chosen, scopes)))
    if left and not all(_equal(sum(scope[path] for path in left), np.zeros(()), scope[left[0]]) for scope in scopes):
        return None
    return [*found, *[Reason(f"{' + '.join(left)} = 0", "what comes back this way adds up to nothing")] * bool(left)]


def _why(chosen: tuple[str, ...], scopes: list[dict[str, Any]]) -> str:
    if len(chosen) == 1:
        return "this path, in one line"
    alike = all(_is_same(scope[path], scope[chosen[0]]) for scope in scopes for path in chosen[1:])
    return f"{' and '.join(chosen)} are the same, so this is {len(chosen)} times the one" if alike else _FOUND


def by_terms(whole: ast.expr, lines: Sequence[str], scopes: list[dict[str, Any]]) -> list[Reason] | None:
    """Which term of the long form is which of the short one, but those that are the same at sight; None
    where they do not match one by one.

    Args:
        whole: the long form in one expression. lines: the short form, and names for it.
    """
    short = _terms_of(lines, scopes)
    long = next((terms for terms in (_summands(whole), multiplied_out(whole)) if len(terms) == len(short)), [])
    if len(long) < 2:
        return None
    found = list[Reason]()
    for term, values in ((term, _values(term, scopes)) for term in long):
        same = [each for each in short if all(map(_is_same, _values(each, scopes), values))]
        if len(same) != 1:
            return None
        short.remove(same[0])
        if Counter(_words(term)) != Counter(_words(same[0])):
            found.append(Reason(f"{written(term)} = {written(same[0])}", "this term, with what stands above"))
    return found


def _terms_of(lines: Sequence[str], scopes: list[dict[str, Any]]) -> list[ast.expr]:
    """The terms that the last of the lines comes to; all of it where they do not add up to it.

    What is taken out of a sum is a matter of letters: it is asked with a random number in the place of every number.
    """
    whole = expression(lines[-1].partition(" = ")[2])
    terms = [cancelled(term) for term in multiplied_out(whole)]
    drawn = [_with_letters(scope) for scope in scopes]
    total, *parts = (_values(tree, drawn) for tree in (whole, *terms))
    sums = [sum(values) for values in zip(*parts)]
    return terms if all(map(_is_same, sums, total)) else [whole]


def _with_letters(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope with random numbers in its arrays: nothing holds of them but what holds of letters."""
    random = np.random.default_rng(29)
    return {
        name: random.uniform(0.1, 0.9, value.shape)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f"
        else value
        for name, value in scope.items()
    }


def _words(tree: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _is_same(one: Array, other: Array) -> bool:
    return _equal(one, other, np.asarray(other))


def _values(tree: ast.expr, scopes: list[dict[str, Any]]) -> list[Array]:
    code = compile(ast.Expression(ast.fix_missing_locations(tree)), "<term>", "eval")
    with np.errstate(all="ignore"):
        return [np.asarray(eval(code, dict(scope))) for scope in scopes]


def _added(target: Line, lines: dict[str, Line]) -> Iterator[str]:
    """The names that a sum is made of, and those that these are sums of."""
    for name in terms_of(target.code) or [target.name]:
        inner = lines.get(name)
        if inner is not None and inner is not target and terms_of(inner.code):
            yield from _added(inner, lines)
        else:
            yield name


def multiplied_out(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return [_negative(term) for term in multiplied_out(tree.operand)]
    if not isinstance(tree, ast.BinOp):
        return [tree]
    first = multiplied_out(tree.left)
    if isinstance(tree.op, ast.Div):
        return [binary(term, tree.op, tree.right) for term in first]
    second = multiplied_out(tree.right)
    if isinstance(tree.op, ast.Mult):
        return [binary(one, tree.op, other) for one, other in itertools.product(first, second)]
    if isinstance(tree.op, ast.Add | ast.Sub):
        return [*first, *(second if isinstance(tree.op, ast.Add) else map(_negative, second))]
    return [tree]


def _summands(tree: ast.expr) -> list[ast.expr]:
    """What is added up, with nothing multiplied out."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        second = _summands(tree.right)
        return [*_summands(tree.left), *(second if isinstance(tree.op, ast.Add) else map(_negative, second))]
    return [tree]


def _negative(tree: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), tree)


def _making(term: ast.expr, paths: Sequence[str], scopes: list[dict[str, Any]]) -> tuple[str, ...]:
    """The fewest of the paths that add up to a term on all runs; none where no few do."""
    values = _values(term, scopes)
    for count in range(1, _TOGETHER + 1):
        for chosen in itertools.combinations(paths, count):
            sums = [sum(scope[path] for path in chosen) for scope in scopes]
            if all(_equal(total, value, value) for total, value in zip(sums, values)):
                return chosen
    return ()


def _equal(one: Array | float, other: Array, scale: Array) -> bool:
    largest = max(float(np.max(np.abs(scale), initial=0)), 1e-300)
    return bool(np.max(np.abs(one - other), initial=0) <= _CLOSE * largest)
