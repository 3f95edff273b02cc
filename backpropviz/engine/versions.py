"""How the versions of an array that is changed in place share one memory.

`out[i] = v` in a loop of n rounds makes n versions of `out`. Each is a node with a value, but a copy each would cost n
whole arrays. So versions write into one array, and an earlier one is copied out just before it is overwritten, if some
operation used it; if none did, its value is worked out again from the writes, should anybody ask for it.

The backward pass gains by the same: a gradient that collects terms `put(g, index)`, zeros but at an index, adds each of
them into one array at its place.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node, bare
from backpropviz.primitives.record import PRIMITIVES
from backpropviz.primitives.shapes import PUT, picks_once
from backpropviz.primitives.stores import ADDED, STORED

ADD = PRIMITIVES[np.add]
WRITES = (STORED, ADDED)


class Versions:
    """One array, and the nodes that were made by writing into it, in order."""

    __slots__ = ("array", "nodes")

    def __init__(self, array: Array):
        self.array = array
        self.nodes: list[Node] = []

    @property
    def outline(self) -> Array:
        """An array of the versions' shape and dtype."""
        return self.array

    def at(self, node: Node) -> Array:
        """The value of an earlier version: that of the last one that was kept, with the writes since."""
        writes: list[Node] = []
        base: Any = node
        while type(base) is Node and base._value is None and base.memory is self:
            writes.append(base)
            base = base.args[0]
        array = np.array(bare(base))
        for write in reversed(writes):
            write_into(array, write)
        return array

    def extend(self, node: Node) -> None:
        """Make `node` the latest version: write into the array what it adds to the one before."""
        if self.nodes:
            last = self.nodes[-1]
            last._value = self.array.copy() if last.observed else None
        write_into(self.array, node)
        node._value, node.memory = self.array, self
        self.nodes.append(node)


@functools.lru_cache(maxsize=64)
def _outline(dtype: Any, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.zeros((), dtype), shape)


class Deferred:
    """The value of a `put` that nobody used yet: zeros but for a part."""

    __slots__ = ("outline",)

    def __init__(self, node: Node):
        g, _, shape = node.args
        self.outline = _outline(g.outline.dtype, bare(shape))

    def at(self, node: Node) -> Array:
        return np.asarray(PUT.run(*bare(node.args)))


def is_write(node: Node) -> bool:
    """Whether a node is made by writing into its first operand's memory."""
    return node.primitive in WRITES or (node.primitive is ADD and isinstance(node.args[1].memory, Deferred))


def write_into(array: Array, node: Node) -> None:
    """Do to `array` what the operation of `node` does to its first operand."""
    write, index, value = writing(node)
    write(array, index, value)


def writing(
    node: Node, of: Callable[[Node], Any] = operator.attrgetter("value")
) -> tuple[Callable[[Array, Any, Any], None], Any, Any]:
    """How the operation of `node` changes the array it writes into, where, and what it puts there.

    Args:
        of: gives the operands' arrays.
    """
    if node.primitive is ADD:
        term = node.args[1]
        if isinstance(term.memory, Deferred):  # zero but at an index
            value, index = of(term.args[0]), bare(term.args[1], of)
            return _add_once if picks_once(index) else np.add.at, index, value
        return _add_once, ..., of(term)
    value, index = bare(node.args[1:], of)
    return _store if node.primitive is STORED else np.add.at, index, value


def _store(array: Array, index: Any, value: Any) -> None:
    array[index] = value


def _add_once(array: Array, index: Any, value: Any) -> None:
    array[index] += value
