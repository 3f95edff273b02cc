"""Tidies the lines of a backward pass: what begins as zeros and gets one whole term at once is that term."""

from __future__ import annotations

import ast
import re
from typing import Any

Lines = list[Any]
_OPPOSITE: dict[type, Any] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


class Zeros(str):
    """The line that begins a gradient with zeros: `dw = np.zeros_like(w)`."""

    name: str

    @classmethod
    def of(cls, name: str, zeros: str) -> Zeros:
        line = cls(f"{name} = {zeros}")
        line.name = name
        return line


class Whole(str):
    """The line that adds a term of its own shape to a gradient: `dw += x.T @ dy`.

    Attributes:
        name: of the gradient. alone: the line that makes the gradient that term.
    """

    name: str
    alone: str

    @classmethod
    def of(cls, line: str, name: str, alone: str) -> Whole:
        made = cls(line)
        made.name, made.alone = name, alone
        return made


def tidied(lines: Lines) -> Lines:
    """Lines of one block, each gradient begun with its first term where that comes in the same block."""
    kept: Lines = []
    for line in lines:
        if isinstance(line, Whole):
            at = next((at for at in reversed(range(len(kept))) if _mentions(kept[at], line.name)), None)
            if at is not None and isinstance(kept[at], Zeros) and kept[at].name == line.name:
                del kept[at]
                line = line.alone
        kept.append(line)
    return kept


def without_handing_on(lines: Lines, name: str) -> Lines:
    """Lines of a round without `dh_last = dh` and `dh = dh_last`, where nothing else becomes of `dh_last`."""
    last = f"{name}_last"
    mentions = [line for line in lines if _mentions(line, last)]
    if mentions == [f"{last} = {name}", f"{name} = {last}"]:
        return [line for line in lines if line not in mentions or isinstance(line, list)]
    return lines


def branched(test: str, then: Lines, otherwise: Lines) -> Lines:
    """An `if` of two blocks, either of which may be empty."""
    if then and otherwise:
        return [f"if {test}:", then, "else:", otherwise]
    if then:
        return [f"if {test}:", then]
    return [f"if {negated(test)}:", otherwise] if otherwise else []


def negated(test: str) -> str:
    """The opposite of a test: `t > 0` of `not t > 0`, as far as that is one comparison."""
    tree = ast.parse(test, mode="eval").body
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return ast.unparse(tree.operand)
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in _OPPOSITE:
        tree.ops = [_OPPOSITE[type(tree.ops[0])]()]
        return ast.unparse(tree)
    return ast.unparse(ast.UnaryOp(ast.Not(), tree))


def _mentions(line: Any, name: str) -> bool:
    if isinstance(line, list):
        return any(_mentions(each, name) for each in line)
    return not line.startswith("#") and re.search(rf"\b{re.escape(name)}\b", line) is not None
