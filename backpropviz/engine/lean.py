"""A replay that passes over what nobody looks at: large values that are not wanted share a few arrays.

A pass over an array that the processor does not hold any more takes as long as it takes to fetch it, whatever is
computed. Where every value of a trace is kept, each is written to an array of its own and has been pushed out when that
is written again. Here a value only stays until its last reader has run; then the next one is written over it, often in
place. It is what compilers call allocating registers. A value that was passed over is computed once it is asked for,
and from then on each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node
from backpropviz.engine.replay import Plan

LARGE = 1 << 13
"""So many bytes are worth sharing an array: fewer stay with the processor anyway."""


class Rest:
    """All calls of a plan, for the values that a lean one passed over.

    Attributes:
        done: nothing was passed over since. asked: somebody looked at such a value, and will look again.
    """

    __slots__ = ("asked", "calls", "done")

    def __init__(self, calls: Sequence[Callable[[], Any]]):
        self.calls = calls
        self.done, self.asked = True, False

    def __call__(self) -> None:
        if not self.done:
            self.done = True
            for call in self.calls:
                call()


class Passed:
    """The value of a node that is passed over: computed, with all the others, once it is asked for."""

    __slots__ = ("outline", "rest")

    def __init__(self, array: Array, rest: Rest):
        self.outline, self.rest = array, rest

    def at(self, node: Node) -> Array:
        self.rest.asked = True
        self.rest()
        return self.outline


class LeanPlan(Plan):
    """The calls of a plan, with large values that are not wanted in a few arrays that they share.

    Args:
        nodes: a recording's nodes in order; a red graph's may follow.
        sources: the nodes whose arrays will be changed by hand.
        wanted: all that somebody looks at each time.
    """

    def __init__(self, nodes: Collection[Node], sources: Collection[Node], wanted: Collection[Node]):
        whole = Plan(nodes, sources)
        self.rest = Rest(whole.calls)
        shown = Counter(_memory(node.outline) for node in (*nodes, *wanted))  # what is seen twice stays where it is
        self._passed = {
            node: Passed(node.value, self.rest)
            for node in whole.nodes
            if whole.is_plain and _can_move(node) and shown[_memory(node.value)] == 1
        }
        self._last = {parent: node for node in whole.nodes for parent in node.parents}
        self._places: dict[Node, Array] = {}
        self._free: list[Array] = []
        super().__init__(nodes, sources)

    def buffer(self, node: Node) -> Array:
        """The array this plan reads or writes for `node`."""
        return self._places[node] if node in self._places else super().buffer(node)

    def place(self, node: Node) -> Array:
        """A free array for a value that is passed over; also that of an operand read last, if entry by entry."""
        assert node.primitive is not None
        parents = [parent for parent in dict.fromkeys(node.parents) if self._last[parent] is node]
        ended = [self._places[parent] for parent in parents if parent in self._places]
        own = super().place(node)
        if node in self._passed:
            free = self._free + (ended if node.primitive.elementwise else [])
            own = next((array for array in reversed(free) if _alike(array, own)), np.empty_like(own))
            self._places[node] = own
        self._free = [array for array in self._free + ended if array is not own]
        return own

    def __call__(self) -> None:
        if not self._passed or self.rest.asked:
            self.rest.done = False
            self.settle()
            return
        super().__call__()
        self.rest.done = False
        for node, passed in self._passed.items():
            node._value, node.memory = None, passed

    def settle(self) -> None:
        """Compute what was passed over, and give every value back to its node."""
        self.rest()
        for node, passed in self._passed.items():
            if node.memory is passed:
                node._value, node.memory = passed.outline, None


def _can_move(node: Node) -> bool:
    """Whether the value is large, and can be written into another array."""
    assert node.primitive is not None
    return node.memory is None and node.value.nbytes >= LARGE and node.primitive.into is not None


def _alike(array: Array, other: Array) -> bool:
    return array.shape == other.shape and array.strides == other.strides and array.dtype == other.dtype


def _memory(array: Array) -> int:
    """Which memory an array lies in, whatever part of it it shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return id(array)
