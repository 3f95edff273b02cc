"""One round for all: what a reader shows of a trace whose loops run often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from backpropviz.code.places import NOTHING, LoopItem, Uneven
from backpropviz.code.program import Program
from backpropviz.code.rolling import Roller
from backpropviz.engine.gradient_names import GradientNames
from backpropviz.engine.graph import Node
from backpropviz.engine.rounds import describe
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record_with_constants
from backpropviz.engine.versions import WRITES
from backpropviz.errors import BackpropvizError


@dataclass(frozen=True, eq=False)
class Fold:
    """A trace with its loops folded.

    Attributes:
        program: of the trace, or of the same run recorded with its constants.
        stands_for: for every node that another round has, too, the one that is shown.
        names: what values and gradients are called where one round stands for all.
        gradients: what the gradient of a value is called, also where it is one that has a name of its own.
        parts: what each round gets of what joins the values of all, by the value and by what joins.
        inside: the names of gradients and terms that are in no code.
        numbers: the loops, whose variables are written by name, in the order they are met.
        unrolled: those whose rounds are not alike.
    """

    program: Program
    stands_for: dict[Node, Node]
    names: dict[Node, str]
    gradients: dict[Node, str]
    parts: dict[tuple[Node, Node], str]
    inside: GradientNames
    numbers: dict[Any, int]
    unrolled: set[Any]

    def loops(self, node: Node) -> list[LoopItem]:
        """The loops around a node, the outermost first."""
        place = self.program.place.get(node)
        return [] if place is None else place.body.chain()

    def is_start(self, node: Node, consumer: Node) -> bool:
        """Whether only the first round of a loop uses a value, one that is shown, in the way that `consumer` does."""
        if self.stands_for.get(node, node) is not node:
            return False
        if node not in self._consumers:
            self._consumers[node] = {term.consumer for term in node.terms}
        alone = self.stands_for.get(consumer, consumer) not in self._consumers[node]
        return alone and len(self.loops(node)) < len(self.loops(consumer))

    @cached_property
    def _consumers(self) -> dict[Node, set[Node]]:
        return {}

    @cached_property
    def titles(self) -> dict[LoopItem, str]:
        """What is written at the frame of each loop."""
        loops = dict.fromkeys(loop for place in self.program.places() for loop in place.body.chain())
        return {loop: self._title(loop) for loop in loops}

    def _title(self, loop: LoopItem) -> str:
        """A loop's head, how often it runs, which arrays it fills, and what each round hands to the next."""
        times = {len(run.rounds) for run in loop.runs}
        often = f": {times.pop()} rounds" if len(times) == 1 else ""
        filled = ", ".join(self._names(loop, buffers=True))
        handed = ", ".join(self.handed_on(loop))
        shown = self._shown_of(loop)
        return f"{loop.head}{often}{filled and f', filling {filled}'}{handed and f', handing on {handed}'}{shown}"

    def _shown_of(self, loop: LoopItem) -> str:
        """Which round the shapes in the picture are of, where those of others are different."""
        depth, body = loop.parent.depth, [*self.program.places(loop.body)]
        if all(len({node.shape for node in place.nodes}) == 1 for place in body):
            return ""
        inside = next(place.template for place in body if place not in self.program.shelved)
        return f", shown: {describe(self.program.rounds(inside)[depth])}"

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
    """The loops of a trace, folded; None where there is none whose rounds all do the same.

    Where rounds differ, the run is recorded once more with its constants, and folded if then more of them are alike: a
    first round may do less only because it finds a constant, 0.9 * m of m = np.zeros(3).
    """
    found = _fold(trace)
    if trace.loops and (found is None or found.unrolled):
        try:
            again = _fold(record_with_constants(trace))
        except BackpropvizError:
            return found
        if again is not None and (found is None or len(again.unrolled) < len(found.unrolled)):
            return again
    return found


def _fold(trace: Trace) -> Fold | None:
    unrolled: set[Any] = set()
    while trace.loops:
        try:
            program = Program(trace, frozenset(unrolled), shown=True, shelves=True)
            if not program.has_loops():
                return None
            roller = Roller(trace, program)
            names, gradients = _names(roller)
        except Uneven as uneven:
            if uneven.site is None or uneven.site in unrolled:
                return None
            unrolled.add(uneven.site)
            continue
        stands_for = {node: place.template for node, place in program.place.items() if len(place.nodes) > 1}
        stands_for |= {node: place.template for place in program.shelved for node in place.nodes}
        sites = {loop.site for place in program.places() for loop in place.body.chain()}
        met = dict.fromkeys(loop.site for loop in trace.loops)
        numbers = {site: number for number, site in enumerate(met, 1) if site in sites}
        return Fold(program, stands_for, names, gradients, roller.parts(), roller.of_all, numbers, unrolled)
    return None


def _names(roller: Roller) -> tuple[dict[Node, str], dict[Node, str]]:
    """What values, gradients and their terms are called; and by value, what its gradient is."""
    trace, program = roller.trace, roller.program
    names, gradients = dict(roller.names), dict[Node, str]()
    entries = {place.template: place for place in program.shelved}
    # in a round, what is handed on as it is goes by the name that it had first: that of the last value it is of
    bodies = groupby(program.places(), key=lambda place: place.body.chain()[:1] or place)
    for place in (place for _, body in bodies for place in reversed([*body])):
        node = place.template
        if entries.get(node, place) is not place:
            continue
        if node.gradient is not None and place in roller.gradient:
            gradients[node] = roller.gradient[place]
            names.setdefault(node.gradient, gradients[node])
            alone = re.sub(r"\W+", "_", gradients[node]).strip("_")  # dgrads_k_1, a term of dgrads[k]
            for number, term in enumerate(node.terms, 1):
                if len(node.terms) > 1 and (term.node.name or "").startswith(f"d{node.name}_"):
                    names.setdefault(term.node, f"{alone}_{number}")
        if place in roller.upstream_of:
            names[trace.upstream[node]] = roller.upstream_of[place]
    return names, gradients
