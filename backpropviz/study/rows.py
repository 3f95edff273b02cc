"""One row of the Jacobian, exactly: which entries a single entry depends on, and with which derivatives.

The recorded operations are walked back from one entry, with the same vector-Jacobian products that made the gradients,
on plain arrays. The backward pass is a record of the same operations, so the row of an entry of `dx` comes in the same
way as that of an entry of `out`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Array, Node, bare
from backpropviz.errors import InputError

Index = tuple[int, ...]
_CHOICES = ("max", "amax", "min", "amin", "maximum", "minimum", "fmax", "fmin", "where", "clip", "first_winner")


def local_row(node: Node, gradient: Array) -> Iterator[tuple[Node, Array]]:
    """What an operation hands to each operand that it can hand something to.

    Args:
        gradient: of the node's shape; with a single one in it, the result is a row of the Jacobian.

    Yields:
        The operand, and an array of its shape.
    """
    if node.primitive is None:
        return
    args, kwargs = tuple(map(bare, node.args)), {name: bare(value) for name, value in node.kwargs.items()}
    for position, operand in operands(node):
        entry = node.primitive.gradient(position)
        if entry is None:
            continue
        with np.errstate(all="ignore"):
            handed = fit(entry.vjp(gradient.copy(), node.value, *args, **kwargs), operand.shape)
        yield operand, -handed if entry.negative else handed


def row(target: Node, index: Index, ends: Collection[Node]) -> dict[Node, Array]:
    """The derivatives of one entry of `target` with respect to every entry of `ends`; those it does not reach are left
    out.

    Args:
        target: of the forward or of the backward pass. index: which entry. ends: where to stop.
    """
    start = np.zeros(target.shape)
    start[index] = 1.0
    return _walk(target, start, ends, local_row)


def looked_at(target: Node, index: Index, ends: Collection[Node]) -> dict[Node, Array]:
    """Which entries of `ends` were looked at for one entry of `target`, as masks: also the losers of a maximum, whose
    derivative is zero."""
    start = np.zeros(target.shape)
    start[index] = 1.0
    found = _walk(target, start, ends, _reach)
    return {node: mask > 0 for node, mask in found.items()}


def _reach(node: Node, mask: Array) -> Iterator[tuple[Node, Array]]:
    """As `local_row`, but positive wherever an entry takes part."""
    if node.primitive is not None and node.primitive.name in _CHOICES:
        for _, operand in operands(node):
            yield operand, _spread(mask, operand.shape, node)
        return
    for operand, handed in local_row(node, mask):
        yield operand, np.abs(handed)


def _spread(mask: Array, shape: Index, node: Node) -> Array:
    """A mask of a reduction, or of an entry by entry operation, on an operand of `shape`."""
    axis = bare(node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None))
    if mask.ndim < len(shape) and axis is not None and not isinstance(axis, np.ndarray):
        mask = np.expand_dims(mask, axis)
    if mask.size == 1 or (len(shape) == mask.ndim and all(a in (1, b) for a, b in zip(mask.shape, shape))):
        return np.broadcast_to(mask.reshape(mask.shape if mask.ndim == len(shape) else (1,) * len(shape)), shape)
    return fit(mask, shape)


def _walk(target: Node, start: Array, ends: Collection[Node], hand_back: Any) -> dict[Node, Array]:
    """The reverse sweep from `target` to `ends`: what arrives at a node is added up before it is handed on."""
    stop = set(ends)
    arrived: dict[Node, Array] = {target: start}
    found: dict[Node, Array] = {}
    for node in reversed(between(target, stop)):
        gradient = arrived.pop(node, None)
        if gradient is None:
            continue
        if node in stop:
            found[node] = gradient
            continue
        for operand, handed in hand_back(node, gradient):
            arrived[operand] = arrived[operand] + handed if operand in arrived else handed
    return {end: found[end] for end in ends if end in found}


def between(target: Node, stop: Collection[Node]) -> list[Node]:
    """Everything that `target` was computed from, back to `stop`, parents before their children."""
    order: list[Node] = []
    seen: set[Node] = set()
    waiting: list[tuple[Node, bool]] = [(target, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            if node not in stop:
                waiting += [(parent, False) for parent in node.parents if parent not in seen]
    return order


def fit(handed: Any, shape: Index) -> Array:
    """What a VJP gives, in the shape of its operand: summed over the axes along which that was broadcast."""
    array = np.asarray(handed, dtype=float)
    extra = array.ndim - len(shape)
    if extra > 0:
        array = array.sum(axis=tuple(range(extra)))
    stretched = tuple(
        axis for axis, size in enumerate(shape) if array.ndim == len(shape) and size == 1 < array.shape[axis]
    )
    if stretched:
        array = array.sum(axis=stretched, keepdims=True)
    return np.array(np.broadcast_to(array, shape))


LARGEST = 4096
"""Entries of a local Jacobian that is written out."""


def local_jacobian(target: Node, operand: Node, ends: Collection[Node]) -> Array:
    """The matrix of derivatives of every entry of `target` (rows) with respect to every entry of `operand` (columns).

    Args:
        ends: what the step uses, `operand` among them; the others are held constant.

    Raises:
        InputError: it has too many entries to read.
    """
    rows, columns = max(target.value.size, 1), max(operand.value.size, 1)
    if rows * columns > LARGEST:
        raise InputError(
            f"the Jacobian of {target.name} has {rows} x {columns} entries: too many to read",
            fix="Use a smaller case: --shape x=3,2",
        )
    matrix = np.zeros((rows, columns))
    for number, index in enumerate(np.ndindex(target.shape)):
        found = row(target, index, ends).get(operand)
        if found is not None:
            matrix[number] = found.ravel()
    return matrix
