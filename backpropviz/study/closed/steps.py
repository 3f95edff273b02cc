"""From the long form to the short one, step by step: what each path brings, and which of them bring nothing.

The lines of a stretch are read as mathematics. What sums up a path, like dvar or dmu, is written in one line; a part
that is zero, or whose sum is, falls away, and so does a call that changes nothing. Every line is run on the values of
all runs, with two upstream gradients each, and those that do not give what the lines gave are not told.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.paths import by_paths, by_terms, multiplied_out
from backpropviz.study.closed.reasons import Reason
from backpropviz.study.closed.stretches import Stretch
from backpropviz.study.closed.watched import Watched
from backpropviz.study.closed.writing import cancelled, named_as, without, written
from backpropviz.study.values.trees import called, expression, name, names_in

_LONGEST = 110  # characters of a line that is still read
_SPREAD = "what is put to one place of every row is a product with one-hot rows"
Scopes = list[dict[str, Any]]


def steps(watched: Watched, stretch: Stretch, lines: Sequence[str]) -> tuple[list[Reason], bool]:
    """What the lines of a stretch come to, path by path, and whether that leads to each term of the short form; nothing
    of loops, which are kept.

    Args:
        lines: those that stand in their place.
    """
    scopes = watched.scopes(stretch)
    if scopes is None or stretch.parts:
        return [], False
    scopes = [dict(scope) for scope in scopes]
    for line, scope in itertools.product(lines[:-1], scopes):
        exec(line, scope)
    put_together = Steps(stretch, scopes, lines[:-1])
    told = [*put_together.told()]
    whole = put_together.whole
    terms = by_paths(stretch, lines, scopes) if whole is None else by_terms(whole, lines, scopes)
    return [*told, *(terms or ())], terms is not None


class Steps:
    """The lines of one stretch, put together path by path.

    Args:
        scopes: the values of all names, a dictionary a run. helpers: lines that only name something.

    Attributes:
        whole: what the target is in one expression, once that is told; None where it is not.
    """

    def __init__(self, stretch: Stretch, scopes: Scopes, helpers: Sequence[str]):
        self._lines = {line.name: line for line in stretch.between if line.name}
        self._target, self._source = stretch.target, stretch.source[1]
        self._scopes = scopes
        self._helpers = [line.split(" = ", 1) for line in helpers]
        self._put_in: dict[str, ast.expr] = {}
        self._why: list[str] = []
        self.whole: ast.expr | None = None

    def told(self) -> Iterator[Reason]:
        """A line for each sum of a path, and the last for the target; reasons of lines that are put in go along."""
        untold: dict[str, list[str]] = {}
        for line in self._lines.values():
            self._why = []
            tree = self._shortened(_bare(self._inlined(line.code)))
            for helper, code in self._helpers:
                tree = named_as(tree, code, helper)
            if any(why.endswith("= 1") for why in self._why):
                tree = cancelled(tree)
            own, self._why = self._why, [why for name in line.reads for why in untold.get(name, ())]
            self._why = list(dict.fromkeys([*self._why, *own]))
            if self._is_nothing(tree):
                self._put_in[line.name] = ast.Constant(0)
                yield Reason(f"{line.name} = 0", "; ".join(self._why) or self._why_nothing(tree))
            elif line is self._target or self._ends_a_sum(line) or called(expression(line.code)) == "put":
                self._put_in[line.name] = tree if _SPREAD in own else name(line.name)
                code = written(tree)
                is_new = code != written(_bare(expression(line.code)))
                if is_new and len(code) <= _LONGEST and self._agrees(tree, line.name):
                    self.whole = tree if line is self._target else None
                    yield Reason(f"{line.name} = {code}", "; ".join(self._why) or self._usual(line, tree))
            else:
                self._put_in[line.name] = tree
                untold[line.name] = self._why

    def _why_nothing(self, tree: ast.expr) -> str:
        """Of a sum over a difference: that both have the same sum."""
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and called(node) == "sum" and node.args):
                continue
            parts = multiplied_out(node.args[0])
            if len(parts) == 2 and (taken := _without_minus(parts[1])) is not None and self._is_nothing(node):
                first, second = (written(_bare(cancelled(part))) for part in (parts[0], taken))
                why = f"nothing is left of the difference: sum({first}) = sum({second})"
                return why if len(why) <= 2 * _LONGEST else "its two parts have the same sum: nothing is left"
        return "what comes back this way adds up to nothing"

    def _usual(self, line: Line, tree: ast.expr) -> str:
        if line is not self._target:
            return "this path, in one line"
        has_sums = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)
        return "the paths, added up" if has_sums else "the lines above, in one"

    def _ends_a_sum(self, line: Line) -> bool:
        """Whether it is smaller than the target, and what reads it is as large."""
        size = np.size(self._scopes[0][self._target.name])
        readers = [other for other in self._lines.values() if line.name in other.reads]
        return np.size(self._scopes[0][line.name]) < size and any(
            np.size(self._scopes[0][other.name]) >= size for other in readers
        )

    def _inlined(self, code: str) -> ast.expr:
        put_in = self._put_in

        class Put(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return put_in.get(node.id, node)

            def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
                self.generic_visit(node)
                return node.value if isinstance(node.value, ast.Constant) else node  # an entry of nothing

        made: ast.expr = Put().visit(expression(code))
        return expression(ast.unparse(made))

    def _shortened(self, tree: ast.expr) -> ast.expr:
        """Without parts that are zero, or that add up to zero in the sum they stand in; each is told."""
        steps = self

        class Drop(ast.NodeTransformer):
            def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
                self.generic_visit(node)
                if isinstance(node.op, ast.Add | ast.Sub):
                    if steps._is_nothing(node.right):
                        return node.left
                    if steps._is_nothing(node.left) and isinstance(node.op, ast.Add):
                        return node.right
                if isinstance(node.op, ast.Add) and (taken := _without_minus(node.right)) is not None:
                    return ast.BinOp(node.left, ast.Sub(), taken)
                return node

            def visit_Call(self, node: ast.Call) -> ast.expr:
                self.generic_visit(node)
                if called(node) == "sum" and node.args:
                    return steps._without_vanishing(node) or steps._without_ones(node) or node
                if called(node) == "put" and (spread := steps._spread(node.args[0], node)) is not None:
                    return spread
                if called(node) == "stored" and steps._same(node, node.args[0]):
                    steps._why.append("what is set to zero here is zero already")
                    return node.args[0]
                return node

        made: ast.expr = Drop().visit(tree)
        return made

    def _without_vanishing(self, node: ast.Call) -> ast.expr | None:
        """The sum without a part that adds up to zero."""
        parts = node.args[0]
        if not isinstance(parts, ast.BinOp) or not isinstance(parts.op, ast.Add | ast.Sub):
            return None
        for gone, stays in ((parts.right, parts.left), (parts.left, parts.right)):
            total = ast.Call(node.func, [gone], node.keywords)
            if self._is_nothing(total) and not (stays is parts.right and isinstance(parts.op, ast.Sub)):
                self._why.append(f"sum({written(_bare(gone))}) = 0, so this part of the path vanishes")
                return ast.Call(node.func, [stays], node.keywords)
        return None

    def _without_ones(self, node: ast.Call) -> ast.expr | None:
        """A sum of what is the same along a row times entries that add up to one."""
        for ones in sorted(names_in(node.args[0])):
            rest = without(node.args[0], ones)
            total = ast.Call(node.func, [name(ones)], node.keywords)
            if rest is not None and self._same(rest, node) and self._same(ast.Constant(1.0), total):
                self._why.append(f"sum({ones}) = 1")
                return rest
        return None

    def _spread(self, rows: ast.expr, put: ast.Call) -> ast.expr | None:
        """What goes to one entry of every row, as a product with one-hot rows."""
        for each in (rows, ast.Subscript(rows, expression("x[:, None]").slice, ast.Load())):  # type: ignore[attr-defined]
            tree = ast.BinOp(each, ast.Mult(), name("onehot"))
            if "onehot" in self._scopes[0] and self._same(tree, put):
                self._why.append(_SPREAD)
                return tree
        return None

    # ---- values ------------------------------------------------------------------------------------------------------

    def _values(self, tree: ast.expr) -> list[Array] | None:
        code = compile(ast.unparse(tree), "<step>", "eval")
        made = []
        for scope in self._scopes:
            try:
                with np.errstate(all="ignore"):
                    made.append(np.asarray(eval(code, dict(scope))))
            except Exception:  # the code of a user's function: what it cannot do is not told
                return None
        return made

    def _is_nothing(self, tree: ast.expr) -> bool:
        """Zero on every run, as far as rounding tells."""
        values = self._values(tree)
        if values is None or any(v.dtype.kind not in "fiu" for v in values):
            return False
        parts = self._values(_in_absolute_values(tree))
        if parts is None:
            return False
        return all(
            np.abs(v).max(initial=0) <= 1e-10 * max(np.abs(p).max(initial=0), 1e-30) for v, p in zip(values, parts)
        )

    def _same(self, one: ast.expr, other: ast.expr) -> bool:
        first, second = self._values(one), self._values(other)
        return first is not None and second is not None and all(map(_equal, first, second))

    def _agrees(self, tree: ast.expr, line: str) -> bool:
        values = self._values(tree)
        return values is not None and all(_equal(v, scope[line]) for v, scope in zip(values, self._scopes))


def _bare(tree: ast.expr) -> ast.expr:
    """Without calls that only repeat entries: what meets is broadcast anyway."""

    class Strip(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            self.generic_visit(node)
            return node.args[0] if called(node) == "broadcast_to" else node

    made: ast.expr = Strip().visit(expression(ast.unparse(tree)))
    return made


def _without_minus(tree: ast.expr) -> ast.expr | None:
    """A product that begins with a minus, without it; None where none begins it."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return tree.operand
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div | ast.MatMult):
        left = _without_minus(tree.left)
        return None if left is None else ast.BinOp(left, tree.op, tree.right)
    return None


def _in_absolute_values(tree: ast.expr) -> ast.expr:
    """What a sum's parts come to without their signs: what zero is measured by."""

    class Signless(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            self.generic_visit(node)
            if called(node) == "sum" and node.args:
                node.args[0] = ast.Call(expression("np.abs"), [node.args[0]], [])
            return node

    made: ast.expr = Signless().visit(expression(ast.unparse(tree)))
    return made


def _equal(one: Array, other: Array) -> bool:
    try:
        spread = np.broadcast_to(one, np.shape(other))
    except ValueError:
        return False
    return bool(np.abs(spread - other).max(initial=0) <= 1e-9 * max(np.abs(other).max(initial=0), 1e-300))
