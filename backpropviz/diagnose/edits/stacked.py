"""Slips with what stands side by side in one array, and with what a round hands to the next: gates, their gradients.

a[:, H:2 * H]      one of several blocks of H columns; another one is meant
dx, dh, _ = ...    a gradient that the next round needs, thrown away
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from backpropviz.diagnose.edits.blocks import Place
from backpropviz.diagnose.edits.tree import Edit, Proposal, Scope
from backpropviz.diagnose.student.recorder import Statement, targets
from backpropviz.study.values.trees import binary, name, names_read, number

_MOST_BLOCKS = 4


def blocks(node: ast.Slice) -> Iterator[Proposal]:
    """Another one of blocks side by side: `2 * H:3 * H` for `H:2 * H`."""
    size = next((n.id for n in ast.walk(node) if isinstance(n, ast.Name)), "")
    first, end = _multiple(node.lower, size, 0), _multiple(node.upper, size, -1)
    if not size or node.step is not None or first is None or end is None:
        return
    for block in range(_MOST_BLOCKS):
        if block != first or end not in (block + 1, -1):
            lower = _times(block, size) if block else None
            yield ast.Slice(lower, _times(block + 1, size)), "wrong_slice", 1.1
    if end != -1 and first:
        yield ast.Slice(node.lower, None), "wrong_slice", 1.3


def _multiple(bound: ast.expr | None, size: str, default: int) -> int | None:
    """2 for `2 * H`; None for anything else than a multiple of the size."""
    if bound is None:
        return default
    if isinstance(bound, ast.Name):
        return 1 if bound.id == size else None
    if isinstance(bound, ast.Constant) and bound.value == 0:
        return 0
    if isinstance(bound, ast.BinOp) and isinstance(bound.op, ast.Mult):
        for factor, other in ((bound.left, bound.right), (bound.right, bound.left)):
            if isinstance(factor, ast.Constant) and type(factor.value) is int and getattr(other, "id", "") == size:
                return factor.value
    return None


def _times(count: int, size: str) -> ast.expr:
    return name(size) if count == 1 else binary(number(count), ast.Mult(), name(size))


def kept(node: ast.Tuple, statement: Statement, scope: Scope) -> Iterator[Proposal]:
    """A result that is thrown away, `_`, under the name of an array that no line of the round sets."""
    thrown = [i for i, part in enumerate(node.elts) if isinstance(part, ast.Name) and set(part.id) == {"_"}]
    set_here = {part.id for part in node.elts if isinstance(part, ast.Name)}
    for i, other in itertools.product(thrown, scope.arrays if statement.loops else ()):
        if other not in set_here and other.isidentifier():
            parts = [*node.elts[:i], ast.Name(other, ast.Store()), *node.elts[i + 1 :]]
            yield ast.Tuple(parts, ast.Store()), "missing_term", 1.0


def carried(place: Place, scope: Scope) -> Iterator[Edit]:
    """A line that is missing at the end of a loop: what is read in every round, and set in none: `dc = dct * f`."""
    loop = place.loop
    if loop is None or place.block is not loop.body or not place.is_last:
        return
    lines = [node for node in ast.walk(loop) if isinstance(node, ast.stmt)]
    changed = {target for node in lines for target in targets(node)}
    read = names_read(loop)
    for left in sorted(read - changed):
        of_shape = getattr(scope.arrays.get(left), "shape", None)
        if not left.startswith("d") or of_shape is None:
            continue
        alike = [
            k for k, v in scope.arrays.items() if v.shape == of_shape and v.dtype.kind == "f" and k not in (left, "_")
        ]
        pairs = itertools.combinations(alike, 2)
        for value in [*map(name, alike), *(binary(name(a), ast.Mult(), name(b)) for a, b in pairs)]:
            yield place.followed([ast.Assign([ast.Name(left, ast.Store())], value)], 1.0)
