"""How long a record is kept: not searched while it is written, and gone with the last trace that holds it.

Nodes, steps, terms, loops and the versions of an array know each other, in both directions. Left alone, a dropped trace
would wait, with all its arrays, for Python's collector. So the last trace unties them.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator

from backpropviz.engine.graph import Loop, Node, Step
from backpropviz.engine.versions import Versions


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Within, nothing is searched for reference cycles: that costs a third of a long run, and all of it is kept."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Ties:
    """What the parts of one run know of each other. Every trace of the run holds this; after the last it is undone.

    A node that outlives its trace keeps its value and what it was computed from, but no step and no gradient.

    Attributes:
        red: the nodes of the last backward pass.
    """

    def __init__(self, nodes: list[Node], steps: list[Step], loops: list[Loop]):
        self.nodes, self.steps, self.loops = nodes, steps, loops
        self.red: list[Node] = []

    def forget(self, red: list[Node]) -> None:
        """Take all gradients off the run; the nodes of the next ones will be `red`."""
        for node in self.nodes:
            node.gradient = None
            node.terms = ()
        for step in self.steps:
            step.backward = ()
        _release(self.red)
        self.red = red

    def __del__(self) -> None:
        self.forget([])
        _release(self.nodes)
        for node in self.nodes:
            node.step = None
        for loop in self.loops:
            loop.rounds = []


def _release(nodes: Iterable[Node]) -> None:
    """Let go of the versions of arrays that were changed in place: nothing is written into them any more."""
    for node in nodes:
        if isinstance(node.memory, Versions):
            node.memory.nodes = []
