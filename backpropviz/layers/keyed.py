"""Which parameters are dictionaries that a loop goes through by their keys, and which have the same keys and shapes.

for k in params:
    params[k] -= lr * grads[k]
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from backpropviz.engine.trees import walk

_HOLDERS = re.compile(r"params|parameters|d?grad(ient)?s|weights|model|theta|state|layers?")
"""What may be a dictionary, if a loop goes through it and something else has its keys."""
_OF_KEYS = ("keys", "items")
_WRAPPERS = ("list", "sorted", "tuple", "reversed", "enumerate")
_VALUES = re.compile(r"W\w*|b|bs|w|weights|bias(es)?|gammas?|betas?")
"""Dictionaries of other arrays than those they share their keys with: a weight and a bias for every layer."""


def keyed(definition: ast.FunctionDef, parameters: set[str]) -> dict[str, str]:
    """The parameters that are dictionaries by what loops do with their keys, each with the one whose arrays are alike.

    The one that a loop goes through, and what has arrays of its own, is alike to itself.
    """
    found: dict[str, str] = {}
    for node in walk(definition):
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        body: list[ast.stmt] = node.body if isinstance(node, ast.For) else [definition]
        for leader, key, sure in _gone_through(node.iter, node.target):
            places = (place for statement in body for place in lookups(statement))
            inside = {name for name, index in places if isinstance(index, ast.Name) and index.id == key} & parameters
            if leader in parameters and (sure or leader in inside or (_HOLDERS.fullmatch(leader) and inside)):
                found.setdefault(leader, leader)
                for other in inside:
                    own = bool(_VALUES.fullmatch(other))
                    found.setdefault(other, other if own else found[leader])
    return found


def _gone_through(iterable: ast.expr, target: ast.expr) -> Iterator[tuple[str, str, bool]]:
    """The dictionary that a loop goes through, the name of its key, and whether it can be nothing else."""
    sure = False
    while isinstance(iterable, ast.Call):
        if isinstance(iterable.func, ast.Attribute) and iterable.func.attr in _OF_KEYS:
            iterable, sure = iterable.func.value, True
        elif isinstance(iterable.func, ast.Name) and iterable.func.id in _WRAPPERS and iterable.args:
            iterable = iterable.args[0]
        else:
            return
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    if isinstance(iterable, ast.Name) and isinstance(first, ast.Name):
        yield iterable.id, first.id, sure


def lookups(code: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every `name[index]` in code, as the name and the index."""
    for node in walk(code):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            yield node.value.id, node.slice
