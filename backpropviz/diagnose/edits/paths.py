"""Paths that a round of a loop hands back to the round before, as the edits that make up for one left out."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from backpropviz.diagnose.edits.arithmetic import array_factors
from backpropviz.diagnose.edits.tree import Edit, Proposal, Scope, Slot, walk
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import binary, name


def path_edits(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """What makes up for a path, or for a gate on it, that is left out of what a statement assigns."""
    if not isinstance(statement.node, ast.Assign | ast.AugAssign):
        return
    whole = Slot(statement.node, "value")
    for new, kind, cost in _paths(statement.node.value, scope):
        yield Edit(statement, [(whole, new)], kind, cost)
    for slot, expression, above in walk(statement.node):
        product = above[-1] if above else None
        if isinstance(expression, ast.Name) and isinstance(product, ast.BinOp) and isinstance(product.op, ast.MatMult):
            for new, kind, cost in array_factors(expression, scope):
                yield Edit(statement, [(slot, new)], kind, cost)


def _paths(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    """A path through a gate or through weights left out: `+ dh * z`, `+ da @ W.T`."""
    arrays = [(array, value) for array, value in scope.arrays.items() if value.dtype.kind == "f" and value.size > 1]
    for (one, value), (other, its) in itertools.combinations(arrays, 2):
        if value.shape == its.shape:
            yield binary(node, ast.Add(), binary(name(one), ast.Mult(), name(other))), "missing_term", 1.8
    for (one, value), (other, its) in itertools.permutations(arrays, 2):
        if value.ndim == its.ndim == 2 and value.shape[1] == its.shape[1] and value.shape != its.shape:
            turned = ast.Attribute(name(other), "T", ast.Load())
            yield binary(node, ast.Add(), binary(name(one), ast.MatMult(), turned)), "missing_term", 1.8
