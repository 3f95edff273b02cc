"""What an expression of a line should be worth, where that is known without trying edits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Slot
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.search.locally import Failed, value_of


@dataclass(frozen=True)
class Aim:
    """An expression in its slot, what it is worth (None if that is of another shape), and what it should be."""

    slot: Slot
    now: Any
    wanted: Any


def aims(scene: Scene, suspect: Suspect, scope: Mapping[str, Any], wanted: Any, cells: set[str]) -> Iterator[Aim]:
    """The expressions of a line that a value is known for.

    Args:
        scope: what names stand for. wanted: the value that mends everything in the place of what the line assigns,
            None if none does. cells: the results that are wrong.
    """
    match suspect.statement.node:
        case ast.Assign(
            targets=[ast.Name() | ast.Attribute() | ast.Subscript(slice=ast.Constant(value=str()))]
        ) as node if wanted is not None:  # fmt: skip
            yield Aim(Slot(node, "value"), suspect.value if _alike(suspect.value, wanted) else None, wanted)
        case ast.AugAssign(target=ast.Name(id=total), op=ast.Add()) as node if _alike(scope.get(total), wanted):
            before = scope[total]  # what is added is aimed at, not the sum
            yield Aim(Slot(node, "value"), suspect.value - before, wanted - before)
        case ast.Return(value=ast.expr()) as node if suspect.computes:
            yield from _returned(node, scope, [scene.outcome.cells[cell].want for cell in sorted(cells)
                                               if cell in scene.outcome.cells])  # fmt: skip


def _returned(node: ast.Return, scope: Mapping[str, Any], wanted: list[Any]) -> Iterator[Aim]:
    """Each of the returned expressions with the right results that have its shape."""
    values = node.value.elts if isinstance(node.value, ast.Tuple) else None
    slots = [Slot(node, "value")] if values is None else [Slot(values, i) for i in range(len(values))]
    for slot in slots:
        try:
            now = value_of(slot.get(), scope)
        except Failed:
            continue
        yield from (Aim(slot, now, want) for want in wanted if _alike(now, want))


def _alike(value: Any, wanted: Any) -> bool:
    """Both are arrays of one shape."""
    return isinstance(value, np.ndarray) and isinstance(wanted, np.ndarray) and value.shape == wanted.shape
