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

_LONG = 10_000
"""So many new objects are worth not being searched."""
_UNSEARCHED = 2_000_000
"""So many may go unsearched from one full search to the next."""
_unsearched = {"at": -1, "objects": 0}


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Within, nothing is searched for reference cycles: that costs a third of a long run, and all of it is kept.

    Searches take the longer the more there is, so that what is made in many small pieces would not be linear either.
    Nor is what a long run made searched as soon as it ends: it is put with what is old already.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            made = gc.get_count()[0]
            if made > _LONG:
                _put_with_the_old(made)
            gc.enable()


def _put_with_the_old(made: int) -> None:
    full = gc.get_stats()[-1]["collections"]
    if _unsearched["at"] != full:
        _unsearched.update(at=full, objects=0)
    if _unsearched["objects"] < _UNSEARCHED and not gc.get_freeze_count():
        _unsearched["objects"] += made
        gc.freeze()
        gc.unfreeze()


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
        if not callable(_release):  # Python ends, and has taken this module apart
            return
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
