"""One round for all: what a reader shows of a trace whose loops run often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backpropviz.code.places import NOTHING, LoopItem, Uneven
from backpropviz.code.program import Program
from backpropviz.code.rolling import Roller
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES


@dataclass(frozen=True, eq=False)
class Fold:
    """A trace with its loops folded.

    Attributes:
        stands_for: for every node that another round has, too, the one that is shown.
        names: what values and gradients are called where one round stands for all.
        sites: the loops, whose variables are written by name.
    """

    program: Program
    stands_for: dict[Node, Node]
    names: dict[Node, str]
    sites: set[Any]

    def loops(self, node: Node) -> list[LoopItem]:
        """The loops around a node, the outermost first."""
        place = self.program.place.get(node)
        return [] if place is None else place.body.chain()

    def title(self, loop: LoopItem) -> str:
        """A loop's head, how often it runs, which arrays it fills, and what each round hands to the next."""
        times = {len(run.rounds) for run in loop.runs}
        often = f": {times.pop()} rounds" if len(times) == 1 else ""
        filled = ", ".join(self._names(loop, buffers=True))
        handed = ", ".join(self.handed_on(loop))
        return f"{loop.head}{often}{filled and f', filling {filled}'}{handed and f', handing on {handed}'}"

    def handed_on(self, loop: LoopItem) -> tuple[str, ...]:
        """What each round hands to the next, without the arrays that all of them fill."""
        return tuple(self._names(loop, buffers=False))

    def _names(self, loop: LoopItem, buffers: bool) -> list[str]:
        carried = [
            place
            for place in self.program.places(loop.body)
            if place.carried and place.carried.loop is loop and place.carried.start is not NOTHING
        ]
        named = [place for place in carried if (place.primitive in WRITES) is buffers and place.template in self.names]
        return [self.names[place.template] for place in named]


def fold(trace: Trace) -> Fold | None:
    """The loops of a trace, folded; None where there is none whose rounds all do the same."""
    unrolled: set[Any] = set()
    while trace.loops:
        try:
            program = Program(trace, frozenset(unrolled), shown=True)
            if not program.has_loops():
                return None
            names = _names(trace, program)
        except Uneven as uneven:
            if uneven.site is None or uneven.site in unrolled:
                return None
            unrolled.add(uneven.site)
            continue
        stands_for = {node: place.template for node, place in program.place.items() if len(place.nodes) > 1}
        sites = {loop.site for place in set(program.place.values()) for loop in place.body.chain()}
        return Fold(program, stands_for, names, sites)
    return None


def _names(trace: Trace, program: Program) -> dict[Node, str]:
    roller = Roller(trace, program)
    names = dict(roller.names)
    for place in program.places():
        red = place.template.gradient
        if red is not None and place in roller.gradient:
            names.setdefault(red, roller.gradient[place])
    return names
