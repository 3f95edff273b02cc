"""Reads Python 2: its statements become those of Python 3, and whole numbers divide as they did."""

from __future__ import annotations

import ast
import contextlib
import copy
import re
import tokenize
import warnings
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

_OLD_EXCEPT = re.compile(r"^(\s*except\s+[\w.()]+(?:\s*,\s*[\w.]+\))?)\s*,\s*(\w+)\s*:")
_OLD_RAISE = re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+?)\s*$")
PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=.,:\[]|^\s*print\s+\(.*\)\s*[,%]|\bxrange\b|\braw_input\b|\bunicode\b", re.MULTILINE
)
"""What only Python 2 text has."""
READ = "read as Python 2: print statements converted, division of whole numbers is whole"

_SPACE = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)
Tree = TypeVar("Tree", bound=ast.AST)


def from_python_2(text: str) -> str:
    """Python 2 text as Python 3: print, except and raise; the lines keep their numbers."""
    lines = text.expandtabs(8).split("\n")
    for (row, begin), (end_row, end) in reversed(list(_prints(lines))):
        lines[end_row] = lines[end_row][:end].rstrip() + ")" + " " * bool(lines[end_row][end:]) + lines[end_row][end:]
        printed = re.sub(r"^\s*>>\s*[\w.]+\s*,?", "", lines[row][begin + len("print") :])
        lines[row] = f"{lines[row][:begin]}print({printed.lstrip()}"
    for i, line in enumerate(lines):
        line = _OLD_EXCEPT.sub(r"\1 as \2:", line)
        line = _OLD_RAISE.sub(r"\1(\2)", line)
        lines[i] = line.replace("<>", "!=")
    return "\n".join(lines)


def is_python_2(text: str) -> bool:
    """Whether a text that is no Python 3 becomes that by what Python 2 writes otherwise, not by its tabs alone."""
    changed = from_python_2(text)
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(ast.parse(changed).body) and changed != text.expandtabs(8)
    return False


def _prints(lines: list[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where every print statement begins, and where what it prints ends, as (row, column)."""
    begin: tuple[int, int] | None = None
    starts, depth = True, 0
    end = (0, 0)
    for token in _tokens(lines):
        row, column = token.start[0] - 1, token.start[1]
        ends = token.type in (tokenize.NEWLINE, tokenize.COMMENT) or (token.string == ";" and not depth)
        if begin is not None and ends:
            if not _is_call(lines, begin, end):
                yield begin, end
            begin = None
        if starts and token.type == tokenize.NAME and token.string == "print":
            begin, end = (row, column), (row, column + len("print"))
        elif token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        if token.type not in _SPACE:
            end = (token.end[0] - 1, token.end[1])
        block = token.string == ":" and not depth
        starts = token.type in _SPACE or token.string == ";" or block


def _is_call(lines: list[str], begin: tuple[int, int], end: tuple[int, int]) -> bool:
    """`print(x)`, which both read alike; not `print (a), b`."""
    row, column = begin
    parts = [lines[row][column:], *lines[row + 1 : end[0] + 1]] if end[0] > row else [lines[row][column : end[1]]]
    if end[0] > row:
        parts[-1] = parts[-1][: end[1]]
    try:
        tree = ast.parse("\n".join(parts)).body
    except SyntaxError:
        return False
    value = tree[0].value if len(tree) == 1 and isinstance(tree[0], ast.Expr) else None
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name)


def _tokens(lines: list[str]) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a text, as far as they can be told."""
    rest = iter(f"{line}\n" for line in lines)
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        yield from tokenize.generate_tokens(lambda: next(rest, ""))


class _FloorDivision(ast.NodeTransformer):
    """`a / b` between integers is whole in Python 2."""

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            call = ast.Call(ast.Name("__divide__", ast.Load()), [node.left, node.right], [])
            return ast.copy_location(call, node)
        return node


def divide(a: Any, b: Any) -> Any:
    """What `a / b` was; values that are recorded say themselves what they hold."""
    kinds = {(value if hasattr(value, "dtype") else np.asarray(value)).dtype.kind for value in (a, b)}
    return a // b if kinds <= {"i", "u"} else a / b


GIVEN = {"__divide__": divide}
"""What a text is given whose divisions are read as they were meant."""


def dividing_as_then(tree: Tree) -> Tree:
    """A copy in which `a / b` is whole for whole numbers."""
    changed: Tree = ast.fix_missing_locations(_FloorDivision().visit(copy.deepcopy(tree)))
    return changed
