"""What stands in for data and for methods that are not here, and how large a file's top level is made.

A character model reads a text, counts its letters, and makes its weights at the top level. Without the text there are
no weights, and with a hundred units there are ten thousand of them to be looked at.
"""

from __future__ import annotations

import ast
import copy
import io
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TEXT = "a bad cab bade a dead bead " * 8
"""Five letters and spaces, in no order that repeats at once."""

_LENGTHS = re.compile(
    r"\w*(hidden|size|units|dim|vocab|embed|seq|length|steps|neurons)\w*|[DHN]|n_[hxy]", re.IGNORECASE
)
_OF_DATA = re.compile(r"batch|data|epoch|iter|num_steps", re.IGNORECASE)
_SMALL = (5, 6, 9, 11, 8, 10, 13)
_MAKERS = ("randn", "rand", "zeros", "ones", "normal", "uniform", "standard_normal", "empty")


def open_or_text(file: Any, mode: str = "r", *options: Any, **more: Any) -> Any:
    """`open`, with a text in place of one that is not here."""
    try:
        return open(file, mode, *options, **more)
    except FileNotFoundError:
        if "b" in mode or "w" in mode or "a" in mode:
            raise
        return io.StringIO(TEXT)


def reads_text(statement: ast.stmt) -> bool:
    """Whether a statement opens a file and takes its text: `data = open("input.txt").read()`."""
    nodes = list(ast.walk(statement))
    opens = any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open" for node in nodes)
    reads = any(isinstance(node, ast.Attribute) and node.attr in ("read", "readlines") for node in nodes)
    return opens and reads


def smaller(tree: ast.Module) -> dict[ast.stmt, ast.stmt]:
    """The statements of the top level that give large sizes to arrays which functions read, with small ones instead."""
    made = {name for node in tree.body for name in _arrays(node)}
    read = {
        its.id for node in tree.body if isinstance(node, ast.FunctionDef)
        for its in ast.walk(node) if isinstance(its, ast.Name) and isinstance(its.ctx, ast.Load)
    }  # fmt: skip
    changed: dict[ast.stmt, ast.stmt] = {}
    if not made & read:
        return changed
    sizes = iter(_SMALL)
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign) else None
        name = getattr(statement.targets[0], "id", "") if isinstance(statement, ast.Assign) else ""
        is_large = isinstance(value, ast.Constant) and type(value.value) is int and value.value > max(_SMALL)
        if is_large and _LENGTHS.fullmatch(name) and not _OF_DATA.search(name):
            other = copy.deepcopy(statement)
            assert isinstance(other, ast.Assign)
            other.value = ast.copy_location(ast.Constant(next(sizes, _SMALL[-1])), statement)
            changed[statement] = other
    return changed


def _arrays(statement: ast.stmt) -> Iterator[str]:
    """The names of arrays that a statement makes from sizes."""
    if isinstance(statement, ast.Assign):
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        if any(getattr(node.func, "attr", "") in _MAKERS for node in calls):
            yield from (
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )


def asks_us(statement: ast.stmt, namespace: dict[str, Any]) -> bool:
    """Whether it is a call of ours, such as a worksheet's last cell: what it asks is being found out."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    function = statement.value.func
    holder = function.value if isinstance(function, ast.Attribute) else function
    found = namespace.get(holder.id) if isinstance(holder, ast.Name) else None
    name = getattr(found, "__name__", "") if isinstance(found, types.ModuleType) else getattr(found, "__module__", "")
    return str(name).partition(".")[0] == "backpropviz"


def keep_for(definitions: Iterable[ast.ClassDef], namespace: Mapping[str, Any]) -> list[str]:
    """Let layers save for their backward pass what a base class that is not here would: `self.save_for_backward(a, b)`.

    Returns:
        The names of the classes that were given the method.
    """
    lacking = []
    for definition in definitions:
        its = namespace[definition.name]
        asks = any(ast.unparse(node) == "self.save_for_backward" for node in ast.walk(definition))
        if asks and not hasattr(its, "save_for_backward"):
            its.save_for_backward = _saved_in_the_layer
            lacking.append(definition.name)
    return lacking


def _saved_in_the_layer(self: Any, *values: Any) -> None:
    self.saved_tensors = self.saved_values = self.saved = values
