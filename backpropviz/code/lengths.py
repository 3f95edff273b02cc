"""Where the length of an axis comes from: the way up from a value to the input or the number that set it.

Derived code says `dout.reshape(N, F, -1)` because these rules know that the first axis of `w_row @ x_col` is the batch.
They follow operations, never coincidences of numbers, so that the code also holds for inputs of other shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.code.axes import RULES, entrywise, keeps_shape
from backpropviz.code.cuts import Place
from backpropviz.engine.graph import Node
from backpropviz.primitives.shapes import TAKE


def origins(node: Node, axis: int) -> Iterator[Place | int]:
    """The axis itself, then the axis it got its length from, and so on; a number (it may have a name) ends the way."""
    place: Place | int | None = (node, axis)
    while place is not None:
        yield place
        if isinstance(place, int):
            return
        node, axis = place
        place = _before(node, axis % max(node.value.ndim, 1))


def same_shape(node: Node) -> Iterator[Node]:
    """The node, then operands that its shape was taken over from, entry by entry."""
    found: Node | None = node
    while found is not None:
        yield found
        shape = found.shape
        found = next((p for p in found.parents if p.shape == shape), None) if keeps_shape(found) else None


def mask_of(node: Node) -> Any:
    """The mask that picked the entries of a node, `x[x > 0]`, which are as many as are true in it; None without one."""
    if node.primitive is not TAKE:
        return None
    x, index = node.args
    value = index.value if isinstance(index, Node) else index
    masked = (
        isinstance(value, np.ndarray) and value.dtype == bool and isinstance(x, Node) and value.ndim == x.value.ndim
    )
    return index if masked else None


def _before(node: Node, axis: int) -> Place | int | None:
    if node.primitive is None:
        return None
    if keeps_shape(node):
        return entrywise(node, axis)
    rule = RULES.get(node.primitive.name)
    return rule(node, axis) if rule is not None else None
