"""Functions that read their parameters from the top level of the file: `lossFun(inputs, targets, hprev)` with Wxh, Whh.

What the top level made is what they are run on: arrays of these shapes are inputs, and lists and numbers of the names
of their own parameters are handed over as they are.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.names import gradient_of
from backpropviz.diagnose.pairs.protocols.record import Subject

GIVEN = "__top_level__"
"""What the top level of a file made, by name, as it was before any of its functions ran here."""

COUNTS = "__counts__"
"""The names that a file's top level would have read off the sizes of data that is not here."""

_SIZE = re.compile(r".*\.(shape|size)(\[.*\])?|len\(.*\)")
_LONGEST = 6  # of lists that are handed over: rounds of a loop, as a rule
_MOST = 2000  # entries of an array


def given(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays, lists and numbers that a file's top level has made."""
    kinds = (np.ndarray, list, int, float, np.floating)
    found = {name: value for name, value in namespace.items() if isinstance(value, kinds) and not name.startswith("__")}
    return copy.deepcopy(found)


def counts(tree: ast.Module, lost: Collection[str]) -> list[str]:
    """The names among those that were lost which are sizes: `m, n = data.shape`.

    >>> counts(ast.parse("data = read(); m, n = data.shape; k = data[0]"), {"data", "m", "n", "k"})
    ['m', 'n']
    """
    sizes = [its for its in tree.body if isinstance(its, ast.Assign) and _SIZE.fullmatch(ast.unparse(its.value))]
    return [node.id for its in sizes for target in its.targets for node in ast.walk(target)
            if isinstance(node, ast.Name) and node.id in lost]  # fmt: skip


def count_read(subject: Subject, namespace: Mapping[str, Any], functions: Mapping[str, ast.FunctionDef]) -> str:
    """The one of them that the passes read, which is how many examples there are; empty where they read none."""
    known = namespace.get(COUNTS, [])
    read = {name for its in subject.passes for node in _reached(its, functions) for name in _read(node)} & {*known}
    return read.pop() if len(read) == 1 else ""


def parameters(subject: Subject, namespace: Mapping[str, Any], functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """The arrays of the top level that a forward pass reads and that have gradients by their names."""
    made: Mapping[str, Any] = namespace.get(GIVEN, {})
    read = list(dict.fromkeys(name for node in _reached(subject.forward, functions) for name in _read(node)))
    passes = _reached(subject.forward, functions) + (
        _reached(subject.backward, functions) if subject.backward is not None else []
    )
    gradients = {gradient_of(word) for node in passes for word in _words(node)}
    arrays = [name for name in read if isinstance(made.get(name), np.ndarray) and made[name].dtype.kind == "f"]
    return [name for name in arrays if _bare(name) in gradients and made[name].size <= _MOST]


def arguments(names: list[str], namespace: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a function's parameters, those that the top level has a value for: arrays, and what is handed on as it is."""
    made: Mapping[str, Any] = namespace.get(GIVEN, {})
    known = {name: made[name] for name in names if name in made}
    arrays = {n: value for n, value in known.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
    rest = {n: value[:_LONGEST] if isinstance(value, list) else value for n, value in known.items() if n not in arrays}
    return arrays, {name: value for name, value in rest.items() if not isinstance(value, np.ndarray)}


def _reached(function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef]) -> list[ast.FunctionDef]:
    """A function with those of the file that it calls, directly or through others."""
    found = [function]
    for node in found:
        found += [functions[name] for name in _read(node) if name in functions and functions[name] not in found]
    return found


def _read(function: ast.FunctionDef) -> list[str]:
    """The names that a function reads and does not assign."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {its.arg for its in ast.walk(function) if isinstance(its, ast.arg)}
    shared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    return [node.id for node in names if isinstance(node.ctx, ast.Load) and node.id not in own - shared]


def _words(function: ast.FunctionDef) -> list[str]:
    """The names and keys that a function assigns or returns."""
    nodes = list(ast.walk(function))
    words = [node.id for node in nodes if isinstance(node, ast.Name)]
    return words + [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _bare(name: str) -> str:
    return name.replace("_", "").lower()
