"""Reads Python 2: its statements become those of Python 3, and whole numbers divide as they did."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any, TypeVar

import numpy as np

_PRINT = re.compile(r"^(\s*)print(?!\s*\()\s+(?:>>\s*[\w.]+\s*,?\s*)?(.*?),?\s*$|^(\s*)print\s*$")
_OLD_EXCEPT = re.compile(r"^(\s*except\s+[\w.()]+(?:\s*,\s*[\w.]+\))?)\s*,\s*(\w+)\s*:")
_OLD_RAISE = re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+?)\s*$")
PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=.,:\[]|^\s*print\s+\(.*\)\s*[,%]|\bxrange\b|\braw_input\b|\bunicode\b", re.MULTILINE
)
"""What only Python 2 text has."""

Tree = TypeVar("Tree", bound=ast.AST)


def from_python_2(text: str) -> str:
    """Python 2 text line by line as Python 3: print, except and raise; the lines keep their numbers."""
    lines = []
    for line in text.expandtabs(8).split("\n"):
        if found := _PRINT.match(line):
            line = f"{found[1]}print({found[2]})" if found[1] is not None else f"{found[3]}print()"
        line = _OLD_EXCEPT.sub(r"\1 as \2:", line)
        line = _OLD_RAISE.sub(r"\1(\2)", line)
        lines.append(line.replace("<>", "!="))
    return "\n".join(lines)


class _FloorDivision(ast.NodeTransformer):
    """`a / b` between integers is whole in Python 2."""

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            call = ast.Call(ast.Name("__divide__", ast.Load()), [node.left, node.right], [])
            return ast.copy_location(call, node)
        return node


def divide(a: Any, b: Any) -> Any:
    kinds = [np.asarray(value).dtype.kind for value in (a, b)]
    return a // b if set(kinds) <= {"i", "u"} else a / b


def dividing_as_then(tree: Tree) -> Tree:
    """A copy in which `a / b` is whole for whole numbers."""
    changed: Tree = ast.fix_missing_locations(_FloorDivision().visit(copy.deepcopy(tree)))
    return changed
