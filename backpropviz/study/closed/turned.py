"""Minus signs that a backward pass can be without: with `dy = -ds`, `dz = ds * a * (1 - a)` is `dz = dy * a * (a - 1)`.

The one gradient then stands for both; a number, a difference or another minus sign takes the sign in.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.proof import holds
from backpropviz.study.closed.reasons import Reason
from backpropviz.study.closed.scenes import Scene
from backpropviz.study.values.trees import binary, called, expression, names_in, number

_PASSING = {"sum", "reshape", "transpose", "broadcast_to", "mean", "put"}
"""Calls of which the negative is the call of the negative."""


def turned(tree: ast.expr) -> ast.expr | None:
    """The negative of an expression in as many operations, or in one less; None where it has none."""
    return _taken_in(tree, _without_minus) or _taken_in(tree, _the_other_way) or _taken_in(tree, _of_number)


def _taken_in(tree: ast.expr, way: Callable[[ast.expr], ast.expr | None]) -> ast.expr | None:
    """The tree with the negative, in one way, of one of its factors."""
    made = way(tree)
    if made is not None:
        return made
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div | ast.MatMult):
        if (left := _taken_in(tree.left, way)) is not None:
            return binary(left, tree.op, tree.right)
        if isinstance(tree.op, ast.Mult) and (right := _taken_in(tree.right, way)) is not None:
            return binary(tree.left, tree.op, right)
    if isinstance(tree, ast.Call) and called(tree) in _PASSING and tree.args:
        first = _taken_in(tree.args[0], way)
        return None if first is None else ast.Call(tree.func, [first, *tree.args[1:]], tree.keywords)
    return None


def _without_minus(tree: ast.expr) -> ast.expr | None:
    return tree.operand if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub) else None


def _the_other_way(tree: ast.expr) -> ast.expr | None:
    is_difference = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub)
    return binary(tree.right, tree.op, tree.left) if is_difference else None  # type: ignore[attr-defined]


def _of_number(tree: ast.expr) -> ast.expr | None:
    return number(-tree.value) if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) else None


def with_fewer_signs(program: Program, scenes: Sequence[Scene]) -> tuple[Program, list[str], list[str], list[Reason]]:
    """The program without minus signs that others take in; its lines that are new, those that are gone, and why."""
    made = without_minus_signs(program, scenes)
    before, after = ([line.text for line in each.backward] for each in (program, made))
    lines, gone = [text for text in after if text not in before], [text for text in before if text not in after]
    whys = ["a number or a difference takes the minus sign in", *["its minus sign is in there"] * len(lines)]
    return made, lines, gone, [Reason(text, why) for text, why in zip(lines, whys)]


def without_minus_signs(program: Program, scenes: Sequence[Scene]) -> Program:
    """The program without the lines that only give a gradient the other sign, where others take that in."""
    for line in program.backward:
        name = _negated(line)
        shorter = _without(program, line, name) if name and name not in program.returns else None
        if shorter is not None and shorter.count < program.count and all(holds(shorter, scene) for scene in scenes):
            return without_minus_signs(shorter, scenes)
    return program


def _negated(line: Line) -> str:
    """The name that the line gives the other sign; "" where it does something else."""
    operand = _without_minus(expression(line.code)) if line.is_plain and not line.depth else None
    return operand.id if isinstance(operand, ast.Name) else ""


def _without(program: Program, negative: Line, name: str) -> Program | None:
    """The program with the negative of a gradient in its place; None where something that reads it keeps the sign."""
    setters = [line for line in program.backward if name in line.names]
    if len(setters) != 1 or not setters[0].is_plain or setters[0].depth:
        return None
    made = list[Line]()
    for line in program.backward:
        code = expression(line.code) if line is setters[0] or name in line.reads else None
        if line is negative:
            continue
        if code is None:
            made.append(line)
            continue
        other = turned(_renamed(code, name, negative.name))
        if other is None or not line.is_plain or line.depth:
            return None
        target = negative.name if line is setters[0] else line.name
        made.append(Line(f"{target} = {ast.unparse(other)}", 0, line.heading))
    return program.with_backward(made)


def _renamed(tree: ast.expr, old: str, new: str) -> ast.expr:
    if old not in names_in(tree):
        return tree
    return expression(ast.unparse(_Renamed(old, new).visit(expression(ast.unparse(tree)))))


class _Renamed(ast.NodeTransformer):
    def __init__(self, old: str, new: str):
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.new, node.ctx) if node.id == self.old else node
