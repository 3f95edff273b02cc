"""What the line that failed says of sizes and keys where the error does not: which sizes an assertion holds against
each other, and which array was taken for a dictionary."""

from __future__ import annotations

import ast
import contextlib
import functools
import linecache
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from backpropviz.engine.trees import walk
from backpropviz.layers.forms import MissingKey
from backpropviz.layers.sources import one_text


def asserted(traceback: TracebackType | None, file: str) -> str:
    """`asserted (13, 3) == (1, 3)` for `assert A2.shape == (1, X.shape[1])`, as deep as possible in a file; empty where
    the assertion that failed holds no sizes against each other."""
    statement, frame = _failed(traceback, file)
    test = statement.test if isinstance(statement, ast.Assert) else None
    for node in walk(test) if test is not None else ():
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq) and len(node.comparators) == 1:
            sides = [_sizes(_value(side, frame)) for side in (node.left, node.comparators[0])]
            if all(sides) and sides[0] != sides[1]:
                return "asserted {} == {}".format(*sides)
    return ""


def ask_for(key: Any, forms: Mapping[str, Any]) -> None:
    """A copy of a dictionary lacks a key: `dict(bn_param)["mode"]`.

    Raises:
        MissingKey: there is a dictionary that could have it.
    """
    holder = next((name for name, form in forms.items() if isinstance(form, dict) and key not in form), None)
    if holder is not None and isinstance(key, str):
        raise MissingKey(holder, key)


def ask_inside(traceback: TracebackType | None, file: str, made: Mapping[str, Any]) -> None:
    """An array was asked for a key: `params["l1"]["W"]`, where `params["l1"]` was taken for an array.

    Args:
        made: what was handed over, by its place: `params.l1`.

    Raises:
        MissingKey: it is in a dictionary, and may be one itself.
    """
    statement, frame = _failed(traceback, file)
    nodes = list(walk(statement)) if statement is not None else []
    lookups = [node for node in nodes if isinstance(node, ast.Subscript)]
    for node in sorted(lookups, key=lambda node: (node.lineno, node.col_offset)):
        holder, key = _value(node.value, frame), _value(node.slice, frame)
        for name, value in made.items() if isinstance(holder, np.ndarray) and isinstance(key, str) else ():
            if "." in name and np.array_equal(value, holder):
                raise MissingKey(name, key)


def _failed(traceback: TracebackType | None, file: str) -> tuple[ast.stmt | None, FrameType | None]:
    """The statement of a file that failed, with its frame."""
    place: tuple[FrameType, int] | None = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            place = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    if place is None:
        return None, None
    with contextlib.suppress(SyntaxError, ValueError):  # Python 2
        tree = _parsed(file)
        around = [
            node for node in walk(tree)
            if isinstance(node, ast.stmt) and node.lineno <= place[1] <= (node.end_lineno or 0)
        ]  # fmt: skip
        if around:
            return max(around, key=lambda node: node.lineno), place[0]
    return None, None


@functools.lru_cache(maxsize=4)
def _parsed(file: str) -> ast.Module:
    """A file's tree; a notebook's is that of its code cells as one text."""
    text = one_text(Path(file)) if file.endswith(".ipynb") else "".join(linecache.getlines(file))
    return ast.parse(text)


def _value(code: ast.expr, frame: FrameType | None) -> Any:
    """What an expression stood for; None for one that fails, or in which a call may do anything."""
    calls = (node for node in walk(code) if isinstance(node, ast.Call))
    if frame is None or any(getattr(call.func, "id", "") != "len" for call in calls):
        return None
    with contextlib.suppress(Exception):
        return eval(compile(ast.Expression(code), "<what failed>", "eval"), frame.f_globals, frame.f_locals)
    return None


def _sizes(its: Any) -> tuple[int, ...]:
    its = its if isinstance(its, tuple) else (its,)
    return tuple(map(int, its)) if all(isinstance(n, int | np.integer) for n in its) else ()
