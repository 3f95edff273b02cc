"""Large values on the way to a gradient are let go when it is there, and computed again if asked for.

`dout * xhat` in `np.sum(dout * xhat, axis=0)` has no name, and of the terms of a sum hardly anybody looks at each.
Kept, they would need memory that is fresh each time, and that takes longer than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from backpropviz.engine.graph import Array, Node, bare

LARGE = 1 << 17
"""So many bytes come fresh from the system each time; of fewer there are always some at hand."""


class Again:
    """The value of a node that was let go: computed from its operands once it is asked for, and kept from then on."""

    __slots__ = ("outline",)

    def __init__(self, value: Array):
        self.outline = np.broadcast_to(np.zeros((), value.dtype), value.shape)

    def at(self, node: Node) -> Array:
        assert node.primitive is not None
        with np.errstate(all="ignore"):  # what NumPy warns of, it said when this was computed first
            node.value = np.asarray(node.primitive.run(*bare(node.args), **bare(node.kwargs)))
        node.memory = None
        return node.value


def is_large(*nodes: Node) -> bool:
    """Whether the value of some node is, and so what is made of it."""
    return any([node.outline.nbytes >= LARGE for node in nodes])


def let_go(made: Iterable[Node], kept: Collection[Node | None]) -> None:
    """Let go of what was `made` on the way to something, but for what is `kept`."""
    for node in made:
        if node.primitive is None or node.is_view or node.memory is not None or node in kept:
            continue
        if is_large(node):
            node.memory, node._value = Again(node.value), None
