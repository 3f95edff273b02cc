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
        twice = _twice(kept[-1], line) if kept else None
        if twice is not None:
            kept[-1] = twice
        else:
            kept.append(line)
    return kept


def _twice(before: Any, line: Any) -> str | None:
    """`dw += 2 * dy * w` for the two lines `dw += dy * w`, of a square written as a product; the same numbers."""
    if not isinstance(before, str) or not isinstance(line, str) or line.startswith("#"):
        return None
    name, _, term = line.partition(" += " if " += " in line else " = ")
    if " += " not in line:  # da = da + dout * a
        if not term.startswith(f"{name} + "):
            return None
        term = term.removeprefix(f"{name} + ")
    sign = next((sign for sign in ("=", "+=") if before == f"{name} {sign} {term}"), None)
    if sign is None or term.startswith("-") or _mentions(term, name.partition("[")[0]):
        return None
    product = ast.parse(term, mode="eval").body
    is_product = isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult)
    return f"{name} {sign} 2 * {term}" if is_product else None


def without_handing_on(lines: Lines, name: str, apart: bool) -> Lines:
    """Lines of a round without `dh = dh_last`, where `dh` itself can be made: nothing reads it from there on.

    Where it is handed on as it is, nothing is left of that. `apart`: what is made keeps a name of its own.
    """
    last = f"{name}_last"
    if [line for line in lines if _mentions(line, last)] == [f"{last} = {name}", f"{name} = {last}"]:
        return [line for line in lines if line not in (f"{last} = {name}", f"{name} = {last}")]
    first = next((at for at, line in enumerate(lines) if _mentions(line, last)), None)
    if apart or first is None or f"{name} = {last}" not in lines[first + 1 :]:
        return lines
    end = lines.index(f"{name} = {last}", first + 1)
    made, rest = lines[first], [*lines[first + 1 : end], *lines[end + 1 :]]
    if isinstance(made, list) or not made.startswith(f"{last} = ") or _mentions(rest, name):
        return lines
    return [*lines[:first], *(_renamed(line, last, name) for line in (made, *rest))]


def sets(line: Any, name: str) -> bool:
    """Whether a line, or one of a block, sets a gradient or a part of it."""
    if isinstance(line, list):
        return any(sets(each, name) for each in line)
    return re.match(rf"{re.escape(name)}(\[.*\])? \S?=|np\.add\.at\({re.escape(name)},", line) is not None


def _renamed(line: Any, last: str, name: str) -> Any:
    """A line, or a block of lines, with another name for a gradient; a block stays the one that is filled in later."""
    if isinstance(line, list):
        line[:] = [_renamed(each, last, name) for each in line]
        return line
    return re.sub(rf"(?<!\w){re.escape(last)}(?!\w)", name, line) if not line.startswith("#") else line


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
    return not line.startswith("#") and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None
