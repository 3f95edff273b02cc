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
        self._files: dict[str, _Lines | None] = {}

    def place(self, file: str, line: int) -> Place | None:
        if file not in self._files:
            tree = _parsed("".join(linecache.getlines(file)))
            self._files[file] = None if tree is None else _Lines(tree)
        lines = self._files[file]
        function = None if lines is None else lines.function(line)
        if function is None or lines is None:
            return None
        last = lines.last.get(line, line)
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


class _Lines:
    """What stands on the lines of a file: its functions, and for every statement its last line."""

    def __init__(self, tree: ast.Module):
        self.functions: list[ast.FunctionDef] = []  # the outer ones first, as a walk meets them
        self.last: dict[int, int] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self.functions.append(node)
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return):
                self.last[node.lineno] = node.end_lineno or node.lineno

    def function(self, line: int) -> ast.FunctionDef | None:
        """The innermost function around a line."""
        around = (node for node in reversed(self.functions) if node.lineno <= line <= (node.end_lineno or line))
        return next(around, None)
