"""The program behind a trace: its loops as loops again, each with one body.

A trace has a node for every operation of every round. Where all rounds of a loop did the same, operation by operation,
to the same places (of the same round, of the round before, or from outside), one of them can stand for all. This module
finds that out; `rolling.py` writes the code. Nothing here looks at names or printed text: places are compared by the
operations that fill them, and numbers by how they were written (`i*stride`, not 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from backpropviz.code.past import Reads, gathers, past
from backpropviz.code.places import NOTHING, OTHER_STEPS, Body, Carried, LoopItem, Past, Place, Uneven
from backpropviz.code.slots import Constant, Number, array_key, slots
from backpropviz.code.used import used_nodes, used_rounds
from backpropviz.engine.graph import Loop, Node, Round
from backpropviz.engine.trace import Trace

Runs = list[tuple[range, Round | None, tuple[Round, ...]]]
"""The runs of a body: the nodes of each, the round it is, and the rounds it is in."""


class Program:
    """The places of a trace.

    Args:
        unrolled: the sites of loops that are written out.
        shown: whether what no output depends on is part of it where it has a name: pictures show it, code needs none.

    Attributes:
        past: how a place reads what a loop before it made, for the operand of its template.

    Raises:
        Uneven: the rounds of another loop differ.
    """

    def __init__(self, trace: Trace, unrolled: frozenset[Any] = frozenset(), shown: bool = False):
        self.trace = trace
        self.place: dict[Node, Place] = {}
        self.past: dict[tuple[Place, Node], Past] = {}
        self._rounds: dict[Node, tuple[Round, ...]] = {}
        self._kept = used_nodes(trace, shown)
        self._rounds_of = used_rounds(trace, self._kept)
        self._position = {round_: at for rounds in self._rounds_of.values() for at, round_ in enumerate(rounds)}
        inside: dict[Round | None, list[Loop]] = {}
        for loop in trace.loops:
            if loop.site not in unrolled and self._rounds_of.get(loop):
                inside.setdefault(self._outer(loop, unrolled), []).append(loop)
        self._inside = inside
        self.body = self._build(None, [(range(len(trace.nodes)), None, ())])
        for place in self.places():
            self._check(place)
        singles = Counter(each.place for each in self.past.values() if each.loop is None)
        for place, alone in singles.items():
            last = place.carried is not None and place.carried.start is NOTHING
            if alone + last >= len(place.nodes):
                raise Uneven(place.body.chain()[-1].site, "every round's value is used by itself after it")

    @staticmethod
    def _outer(loop: Loop, unrolled: frozenset[Any]) -> Round | None:
        round_ = loop.outer
        while round_ is not None and round_.loop.site in unrolled:
            round_ = round_.loop.outer
        return round_

    def places(self, body: Body | None = None) -> Iterator[Place]:
        """Every place, in the order of the program."""
        for item in (body or self.body).items:
            if isinstance(item, Place):
                yield item
            else:
                yield from self.places(item.body)

    def has_loops(self) -> bool:
        return any(isinstance(item, LoopItem) for item in self.body.items)

    def rounds(self, node: Node) -> tuple[Round, ...]:
        """The rounds that a node was made in, the outermost first."""
        return self._rounds[node]

    def position(self, round_: Round) -> int:
        """Which round it is of those in which its loop made something."""
        return self._position[round_]

    def rounds_in(self, run: Loop) -> list[Round]:
        """The rounds of one run of a loop in which it made something."""
        return self._rounds_of[run]

    def is_gathered(self, reader: Place, node: Node) -> bool:
        """Whether a place reads a node as one of a list of all rounds' values."""
        return any(gather.reader is reader for gather in self.place[node].gathers)

    # ---- building ----------------------------------------------------------------------------------------------------

    def _build(self, loop: LoopItem | None, runs: Runs) -> Body:
        """The body that all of `runs` are runs of: each a range of nodes, the round it is, and those around it."""
        body = Body(loop)
        sequences = [self._sequence(nodes, round_) for nodes, round_, _ in runs]
        if loop is not None and len({len(sequence) for sequence in sequences}) > 1:
            raise Uneven(loop.site, OTHER_STEPS)
        # the second round of every loop: it takes over from one before it, and hands on to one after it
        middle = next(
            (at for at, (_, _, rounds) in enumerate(runs) if all(self._position[r] == 1 for r in rounds)), None
        )
        if middle is None:
            assert loop is not None
            raise Uneven(loop.site, "it has a single round")
        for parts in zip(*sequences):
            if isinstance(parts[0], Node):
                if any(not isinstance(p, Node) or p.primitive is not parts[0].primitive for p in parts):
                    assert loop is not None
                    raise Uneven(loop.site, OTHER_STEPS)
                place = Place(body, list(parts), parts[middle])
                body.items.append(place)
                for node, (_, _, rounds) in zip(parts, runs):
                    self.place[node] = place
                    self._rounds[node] = rounds
            else:
                if any(isinstance(p, Node) or p.site != parts[0].site for p in parts):
                    assert loop is not None
                    raise Uneven(loop.site, "its rounds do not all run the same loops")
                item = LoopItem(parts[0].head, parts[0].site, body, list(parts))
                inner: Runs = [
                    (r.nodes, r, (*rounds, r))
                    for part, (_, _, rounds) in zip(parts, runs)
                    for r in self._rounds_of[part]
                ]
                item.body = self._build(item, inner)
                if item.body.items:
                    body.items.append(item)
        return body

    def _sequence(self, nodes: range, round_: Round | None) -> list[Node | Loop]:
        """What one run of a body consists of, in order."""
        sequence: list[Node | Loop] = []
        at = nodes.start
        for loop in self._inside.get(round_, ()):
            start, stop = loop.rounds[0].nodes.start, loop.rounds[-1].nodes.stop
            sequence += self._kept_of(at, start)
            sequence.append(loop)
            at = stop
        sequence += self._kept_of(at, nodes.stop)
        return sequence

    def _kept_of(self, start: int, stop: int) -> list[Node]:
        return [node for node in self.trace.nodes[start:stop] if node in self._kept]

    # ---- comparing ---------------------------------------------------------------------------------------------------

    def _check(self, place: Place) -> None:
        """That all nodes of a place take the same arguments; notes what is carried from round to round.

        Raises:
            Uneven: they do not.
        """
        joined = gathers(self, place)
        loops = place.body.chain()
        if not loops:
            for value in place.template.parents:
                if value not in joined:
                    self._read_after(place, value)
            return
        arguments = [slots(self.trace, (node.args, tuple(sorted(node.kwargs.items())))) for node in place.nodes]
        template = arguments[place.nodes.index(place.template)]
        if any(len(own) != len(template) for own in arguments):
            raise Uneven(loops[-1].site, "its rounds take different arguments")
        for its, *taken in zip(template, *arguments):
            if isinstance(its, Node):
                if its not in joined:
                    self._all_read(place, its, list(zip(place.nodes, taken)))
            elif any(mine != its for mine in taken):
                raise Uneven(loops[-1].site, "its rounds take different arguments")

    def _all_read(self, reader: Place, usual: Node, reads: Reads) -> None:
        """That what the nodes of a place take for one argument is the same value of the program."""
        source = self.place[usual]
        carried = source.carried
        loop = carried.loop if carried is not None else None
        try:
            for node, value in reads:
                self._reads(reader, node, value, usual)
        except Uneven:
            source.carried = carried
            if carried is not None and loop is not None:
                carried.loop = loop
            found = past(self, reader, reads)
            if found is None:
                raise
            self.past[reader, usual] = found
            return
        self.leave(source, reader.body)

    @staticmethod
    def _between(source: Place, reader: Place) -> LoopItem:
        """The loop around a place that what reads it is not in, the innermost; or else that of the reader."""
        its, mine = source.body.chain(), reader.body.chain()
        return its[-1] if its and its[-1] not in mine else mine[-1]

    def leave(self, source: Place, reader: Body) -> None:
        """Note that a loop's last value is read after it."""
        loops, shared = source.body.chain(), 0
        for mine, its in zip(loops, reader.chain()):
            if mine is not its:
                break
            shared += 1
        if shared == len(loops):
            return
        if source.carried is None:
            source.carried = Carried(NOTHING, loops[shared])
        elif source.carried.loop.parent.depth > shared:
            if source.carried.start is not NOTHING:
                raise Uneven(loops[shared].site, "a value that an inner loop begins anew is used after the outer one")
            source.carried.loop = loops[shared]

    def _reads(self, reader: Place, node: Node, value: Any, usual: Node) -> None:
        """That `node` reads the newest value of a place: of the one the template reads, or of a loop's start."""
        source = self.place[usual]
        found = self.place.get(value) if isinstance(value, Node) else None
        loops = reader.body.chain()
        if found is source:
            newest = source.latest_before(node.index)
            start = source.carried.start if source.carried is not None else None
            replaced = isinstance(start, Place) and isinstance(value, Node) and self._is_newer(start, value, node)
            carried = source.carried
            anew = carried is not None and not isinstance(start, Place) and isinstance(value, Node)
            if anew and carried is not None:  # a constant that the loop starts from was put in the place of this value
                depth = carried.loop.parent.depth + 1
                apart = self._rounds[value][:depth] != self._rounds[node][:depth]
                anew = apart and self._begins(node, carried.loop)
            if newest is not value or replaced or anew:
                raise Uneven(
                    self._between(source, reader).site, "a round looks back further than to the round before it"
                )
            return
        # the first round: what it finds is from before the loop
        own, others = source.body.chain(), found.body.chain() if found is not None else []
        if len(own) <= len(others) or own[: len(others)] != others:
            raise Uneven(loops[-1].site, "its rounds read different values")
        if isinstance(value, Constant):
            value = value.array
        elif isinstance(value, Number):
            value = value.number
        start = found if found is not None else value
        if source.carried is None:
            source.carried = Carried(start, own[len(others)])
        known = source.carried.start
        same = known is start if found is not None else array_key(self.trace, known) == array_key(self.trace, start)
        if not same:
            raise Uneven(loops[-1].site, "its rounds read different values")
        newest = source.latest_before(node.index)
        if newest is not None and not isinstance(value, Node) and self._begins_inside(node, source.carried):
            return
        if newest is not None and (not isinstance(value, Node) or newest.index > value.index):
            raise Uneven(loops[-1].site, "a round starts from a value that was replaced")

    def _begins(self, node: Node, loop: LoopItem) -> bool:
        """Whether a node was made in the first round of a loop, and of those within it."""
        rounds = self._rounds[node]
        inner = rounds[loop.parent.depth :]
        return bool(inner) and inner[0].loop.site == loop.site and not any(self._position[round_] for round_ in inner)

    def _begins_inside(self, node: Node, carried: Carried) -> bool:
        """Whether a constant is what an inner loop starts from, each time it runs: then that one carries it."""
        loops = self.place[node].body.chain()
        inner = next((loop for loop in loops if self._begins(node, loop)), None)
        if inner is None or carried.loop not in loops or loops.index(inner) < loops.index(carried.loop):
            return False
        carried.loop = inner
        return True

    def _is_newer(self, start: Place, value: Node, reader: Node) -> bool:
        again = start.latest_before(reader.index)
        return again is not None and again.index > value.index

    def _read_after(self, reader: Place, value: Node) -> None:
        """That code outside of a loop reads what the loop left, not what some round made."""
        place = self.place.get(value)
        if place is None:
            raise Uneven(None, "a single round's value is used after it")
        loops = place.body.chain()
        if loops and place.latest_before(reader.template.index) is not value:
            found = past(self, reader, [(reader.template, value)])
            if found is None:
                raise Uneven(loops[0].site, "a single round's value is used after it")
            self.past[reader, value] = found
        else:
            self.leave(place, reader.body)
