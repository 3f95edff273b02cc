"""The functions that the steps stand in, as they were written, and the lines of every step."""

from __future__ import annotations

import ast
import linecache
import textwrap
from typing import Any

from backpropviz.engine.trace import Trace

Place = tuple[int, int, int]  # which function, and the first and last line of the step in it, from 0


def sources(trace: Trace) -> tuple[list[dict[str, Any]], dict[str, Place]]:
    """The functions, each with its name and its lines; and the place of every step, the whole function's under "0".

    Steps without source, such as those of a lambda, have no place.
    """
    found = _Sources()
    code = trace.callable.__code__
    whole = found.place(code.co_filename, code.co_firstlineno)
    places = {"0": (whole[0], 0, 0)} if whole is not None else {}
    for step in trace.steps:
        place = found.place(step.file, step.line)
        if place is not None:
            places[step.label] = place
    return found.functions, places


class _Sources:
    """The functions found so far, each file read once."""

    def __init__(self) -> None:
        self.functions: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._trees: dict[str, ast.Module | None] = {}

    def place(self, file: str, line: int) -> Place | None:
        if file not in self._trees:
            self._trees[file] = _parsed("".join(linecache.getlines(file)))
        tree = self._trees[file]
        around = _around(tree, line) if tree is not None else None
        if around is None:
            return None
        function, last = around
        key = file, function.lineno
        if key not in self._numbers:
            self._numbers[key] = len(self.functions)
            text = "".join(linecache.getlines(file)[function.lineno - 1 : function.end_lineno])
            self.functions.append({"name": function.name, "lines": textwrap.dedent(text).rstrip().split("\n")})
        return self._numbers[key], line - function.lineno, last - function.lineno


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # a notebook: its cells are no file of Python
        return None


def _around(tree: ast.Module, line: int) -> tuple[ast.FunctionDef, int] | None:
    """The innermost function around a line, and the last line of the statement that begins there."""
    found, last = None, line
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or line):
            found = node  # a walk meets the outer ones first
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)) and node.lineno == line:
            last = node.end_lineno or line
    return None if found is None else (found, last)
