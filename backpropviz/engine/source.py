"""Reads the source that functions come from: its lines, its tree, and where in it a function was defined."""

from __future__ import annotations

import ast
import functools
import io
import linecache
import re
import tokenize
from collections.abc import Iterator
from types import CodeType
from typing import Any

from backpropviz.engine.trees import children

_STEP_NUMBER = re.compile(r"^\(?step\s*\d+\)?\s*[:.]?\s*(-+\s+)?", re.IGNORECASE)
_LAMBDA = "__lambda__"
_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)  # definitions stand in no others


class SourceText:
    """A file's lines and syntax tree."""

    def __init__(self, filename: str, lines: list[str], tree: ast.Module | None = None):
        self.filename = filename
        self.lines = lines
        self.tree = tree or ast.parse("".join(lines), filename)

    def code(self, node: Any) -> str:
        """The text of an expression or statement, folded to one line."""
        first, last = int(node.lineno) - 1, int(node.end_lineno) - 1
        start, end = int(node.col_offset), int(node.end_col_offset)
        # columns count UTF-8 bytes
        if first == last:
            return self.lines[first].encode()[start:end].decode()
        parts = [self.lines[first].encode()[start:].decode(), *self.lines[first + 1 : last]]
        parts.append(self.lines[last].encode()[:end].decode())
        # in brackets, so that the tokenizer takes line ends for spaces
        text = "(" + "\n".join(part.rstrip("\r\n") for part in parts) + "\n)"
        cuts = {token.start[0] - 1: token.start[1] for token in _tokens(text) if token.type == tokenize.COMMENT}
        folded = [line[: cuts.get(row)].rstrip("\\ ").strip() for row, line in enumerate(text.split("\n"))]
        return " ".join(filter(None, folded[:-1]))[1:]

    @functools.cached_property
    def functions(self) -> list[tuple[ast.FunctionDef | ast.Lambda, str]]:
        """Every function and lambda with the class it stands in, those further out first."""
        found = list[tuple[ast.FunctionDef | ast.Lambda, str]]()
        waiting: list[tuple[ast.AST, str]] = [(self.tree, "")]
        inner = ast.AST if any("lambda" in line for line in self.lines) else _STATEMENTS
        for node, owner in waiting:
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                found.append((node, owner))
            inside = node.name if isinstance(node, ast.ClassDef) else "" if isinstance(node, ast.FunctionDef) else owner
            waiting += [(child, inside) for child in children(node) if isinstance(child, inner)]
        return found

    def caption(self, node: ast.stmt) -> str:
        """The comment right above a statement, or else the one behind it, without its sign and step number."""
        above: list[str] = []
        line = node.lineno - 2
        while line >= 0 and self.lines[line].lstrip().startswith("#"):
            above.insert(0, self.lines[line].strip().lstrip("#").strip())
            line -= 1
        if not above and node.end_lineno and node.end_col_offset is not None:
            behind = self.lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
            if behind.startswith("#"):
                above = [behind.lstrip("#").strip()]
        return _STEP_NUMBER.sub("", " ".join(filter(None, above))).strip()


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


_registered: dict[str, SourceText] = {}


def register(filename: str, text: SourceText | None) -> None:
    """Make known the source of a file whose tree was changed after reading (a listing wrapped in a function).

    None takes an earlier one back.
    """
    if text is None:
        _registered.pop(filename, None)
    else:
        _registered[filename] = text


def lines_of(text: str) -> list[str]:
    """A text's lines as Python counts them: a form feed ends none."""
    return io.StringIO(text).readlines()


@functools.lru_cache(maxsize=64)
def _parse(filename: str, text: str) -> SourceText:
    return SourceText(filename, lines_of(text))


def source_of(filename: str) -> SourceText | None:
    """The text and tree of the file a function came from; None where there is none to read."""
    if filename in _registered:
        return _registered[filename]
    linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    return _parse(filename, "".join(lines)) if lines else None


def definition_in(text: SourceText, code: CodeType) -> tuple[ast.FunctionDef | None, str]:
    """The definition that `code` was compiled from, and the class it stands in; a lambda as the function it is."""
    for node, owner in text.functions:
        if isinstance(node, ast.FunctionDef):
            # a decorator that could not be loaded was left out
            starts = (node.lineno, *(decorator.lineno for decorator in node.decorator_list))
            if node.name == code.co_name and code.co_firstlineno in starts:
                return node, owner
        elif code.co_name == "<lambda>" and _begins_with(code, node.body):
            body = ast.copy_location(ast.Return(node.body), node.body)
            definition = ast.FunctionDef(_LAMBDA, node.args, [body], [])
            return ast.fix_missing_locations(ast.copy_location(definition, node)), owner
    return None, ""


def definition_of(code: CodeType) -> ast.FunctionDef | None:
    """The definition a function was compiled from; None where its source cannot be read."""
    text = source_of(code.co_filename)
    return None if text is None else definition_in(text, code)[0]


def _begins_with(code: CodeType, body: ast.expr) -> bool:
    """Whether the code of a lambda is that of the expression `body`: two may stand on one line, or in each other."""
    return (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in code.co_positions()
