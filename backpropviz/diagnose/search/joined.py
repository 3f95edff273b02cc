"""What is right for the parts of a gradient that is put together: `grad = np.concatenate((dW1.ravel(), db1.ravel()))`.

Courses that hand parameters to an optimizer keep them in one vector. What is right for the vector is right for its
parts, so that the part that is wrong shows, and with it the line that makes it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.reference import Entry, Reference
from backpropviz.diagnose.runs.scene import Scene
from backpropviz.diagnose.student.recorder import Statement

_JOINS = ("concatenate", "hstack", "append", "r_")
_FLAT = ("flatten", "ravel", "reshape")


def with_parts(scene: Scene, statements: list[Statement]) -> Reference:
    """The reference with what is right for the parts of every gradient that these statements join.

    Args:
        statements: those of the function that returns the gradients.
    """
    wanted = [value for value in scene.right.gradients.values() if np.ndim(value) == 1]
    known = [entry for statement in statements for entry in _parts(scene, statement, wanted)]
    return replace(scene.right, known=(*scene.right.known, *known)) if known else scene.right


def _parts(scene: Scene, statement: Statement, wanted: list[Any]) -> Iterator[Entry]:
    """What is right for the names that a statement joins, in order, where all together are as long as a gradient."""
    value = getattr(statement.node, "value", None)
    names = [*_joined(value)] if isinstance(value, ast.expr) else []
    if len(names) < 2 or not wanted:
        return
    scope = scene.scope(statement)
    sizes = [scope[name].size if isinstance(scope.get(name), np.ndarray) else 0 for name in names]
    for right in wanted if all(sizes) else ():
        if sum(sizes) == right.size:
            for name, part in zip(names, np.split(right, np.cumsum(sizes)[:-1])):
                yield Entry(name, "gradient", part.reshape(np.shape(scope[name])))
            return


def _joined(node: ast.expr) -> Iterator[str]:
    """The names that an expression joins, each flattened row by row; an empty one for what is more than a name."""
    of_numpy = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _JOINS
    if of_numpy and isinstance(node, ast.Call):
        for part in node.args:
            yield from _joined(part)
    elif isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") == "r_":
        yield from _joined(node.slice)
    elif isinstance(node, ast.Tuple | ast.List):
        for part in node.elts:
            yield from _joined(part)
    elif isinstance(node, ast.ListComp) and isinstance(node.generators[0].iter, ast.Tuple | ast.List):
        yield from _joined(node.generators[0].iter)
    else:
        yield _name(node)


def _name(node: ast.expr) -> str:
    """`dW` of `dW`, `dW.ravel()`, `dW.reshape(-1)` and `np.ravel(dW)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FLAT:
        of_numpy = getattr(node.func.value, "id", "") in ("np", "numpy")
        if of_numpy or node.func.attr == "reshape" or not node.args:
            return _name(node.args[0] if of_numpy and node.args else node.func.value)
    return node.id if isinstance(node, ast.Name) else ""
