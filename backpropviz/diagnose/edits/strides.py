"""Slips with strides and pads: where windows start and which entries they take, each as the edit that undoes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from backpropviz.diagnose.edits.tree import Edit, Scope, Slot, walk
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import binary, called, name

MAKES = -0.6  # the line that makes a position is mended before those that use it, which are under more suspicion


def strided(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Every slice `r:r + n` of the statement as `r:r + s * n:s`."""
    slices = [
        (slot, node) for slot, node, _ in walk(statement.node)
        if isinstance(node, ast.Slice) and node.lower is not None and node.step is None
        and isinstance(node.upper, ast.BinOp) and isinstance(node.upper.op, ast.Add)
    ]  # fmt: skip
    strides = _strides(scope) if slices else []
    for stride in strides or (["__stride__"] if slices and "__stride__" in scope.settings else []):
        changes = []
        for slot, node in slices:
            assert isinstance(node, ast.Slice)
            assert isinstance(node.upper, ast.BinOp)
            length = binary(name(stride), ast.Mult(), node.upper.right)
            new = ast.Slice(node.lower, binary(node.upper.left, ast.Add(), length), name(stride))
            changes.append((slot, new))
        yield Edit(statement, changes, "stride_pad", 1.5)


def started(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Where windows start: `top = i * s` for `top = i`, or `y, x = i * s, j * s` for `y, x = i, j`: the one line that
    makes it, before all that use it; and every slice `r:r + n` of a statement as `r * s:r * s + n`."""
    node = statement.node
    for stride in _strides(scope) if statement.loops else ():
        counters = {*scope.integers} - {stride}
        changes: list[tuple[Slot, ast.expr]] = [
            (slot, binary(part, ast.Mult(), name(stride)))
            for slot, part in _parts(node) if isinstance(part, ast.Name) and part.id in counters
        ]  # fmt: skip
        if changes:
            yield Edit(statement, changes, "stride_pad", MAKES, twin=("start", stride))
        changes = []
        for slot, part, _ in walk(node):
            if isinstance(part, ast.Slice) and isinstance(part.lower, ast.Name) and _is_from(part.upper, part.lower):
                start = binary(part.lower, ast.Mult(), name(stride))
                changes.append((slot, ast.Slice(start, binary(start, ast.Add(), part.upper.right), part.step)))
        if len(changes) > 1:
            yield Edit(statement, changes, "stride_pad", 1.4, twin=("starts", stride))


def padded(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """The pad that is told for one that is written as a number: `((0, 0), (0, 0), (1, 1), (1, 1))`."""
    if "__pad__" not in scope.settings:
        return
    alike = [k for k, v in scope.integers.items() if v == scope.settings["__pad__"] and k.lower().startswith("p")]
    for call in (node for _, node, _ in walk(statement.node) if called(node) == "pad"):
        slots = [
            slot for slot, node, above in walk(statement.node)
            if call in above and isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0
        ]  # fmt: skip
        for pad in alike[:2] or ["__pad__"] if slots else ():
            yield Edit(statement, [(slot, name(pad)) for slot in slots], "stride_pad", 1.3)


def makes_start(statement: Statement) -> bool:
    """Whether it may be the line that makes a position: `top = i` in a loop."""
    return bool(statement.loops) and any(isinstance(part, ast.Name) for _, part in _parts(statement.node))


def _strides(scope: Scope) -> list[str]:
    """Two names at most for what is as large as the stride, one that is spelled like it first."""
    alike = [k for k, v in scope.integers.items() if v == scope.settings.get("__stride__")]
    return sorted(alike, key=lambda k: not k.lower().startswith("s"))[:2]


def _parts(node: ast.stmt) -> list[tuple[Slot, ast.expr]]:
    """What a statement assigns; of a tuple each part."""
    if not isinstance(node, ast.Assign):
        return []
    if isinstance(node.value, ast.Tuple):
        return [(Slot(node.value.elts, i), part) for i, part in enumerate(node.value.elts)]
    return [(Slot(node, "value"), node.value)]


def _is_from(end: ast.expr | None, start: ast.Name) -> TypeGuard[ast.BinOp]:
    """The end of a slice is so much further than its start."""
    return isinstance(end, ast.BinOp) and isinstance(end.op, ast.Add) and ast.unparse(end.left) == start.id
