"""Whether all rounds of a loop take the same arguments: which value of the program each of them reads.

A value of the same round, of the round before, from outside, or of a list that another loop made. Values are compared
by where they come from, numbers by how they were written (`i*stride`, not 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backpropviz.code.past import Reads, gathers, past
from backpropviz.code.places import NOTHING, Carried, LoopItem, Merge, Past, Place, Uneven
from backpropviz.code.shelving import Shelving
from backpropviz.code.slots import Constant, Number, array_key, slots
from backpropviz.engine.graph import Node, flatten
from backpropviz.engine.versions import WRITES


class Comparing(Shelving):
    """Compares the places of one trace, round by round.

    Attributes:
        past: how a place reads what a loop before it made, for the operand of its template.
    """

    past: dict[tuple[Place, Node], Past]
    _handed_on: dict[Place, LoopItem]  # what rounds read of a round before them

    # ---- arguments ---------------------------------------------------------------------------------------------------

    def _check(self, place: Place) -> None:
        """That all nodes of a place take the same arguments; notes what is carried from round to round.

        Raises:
            Uneven: they do not.
        """
        if isinstance(place, Merge):
            return  # what its makers read is compared with them
        joined = gathers(self, place)
        loops = place.body.chain()
        if not loops:
            for value in place.template.parents:
                if value not in joined:
                    self._read_after(place, value)
            return
        for its, taken in self._columns(place):
            if isinstance(its, Node):
                if its not in joined:
                    self._all_read(place, its, list(zip(place.nodes, taken)))
            elif any(mine != its for mine in taken):
                raise Uneven(loops[-1].site, "its rounds take different arguments")

    def _columns(self, place: Place) -> Iterator[tuple[Any, Sequence[Any]]]:
        """What the nodes of a place take: for each slot that of the template, and all of them.

        Raises:
            Uneven: some have more slots than others.
        """

        def same_length(rows: list[Any]) -> list[Any]:
            if len({len(row) for row in rows}) > 1:
                raise Uneven(place.body.chain()[-1].site, "its rounds take different arguments")
            return rows

        at = place.nodes.index(place.template)
        for taken in zip(*same_length([node.args + tuple(sorted(node.kwargs.items())) for node in place.nodes])):
            its = taken[at]
            if all(type(value) is Node for value in taken):
                yield its, taken
            elif any(value is not its for value in taken) or any(flatten(its)):
                parts = same_length([slots(self.trace, value) for value in taken])
                yield from zip(parts[at], zip(*parts))

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
            if self._left_alone(reader, usual, reads):
                return
            found = past(self, reader, reads)
            if found is not None:
                self.past[reader, usual] = found
            elif not self._taken_from_shelf(reader, usual, reads):
                raise
            return
        self.leave(source, reader.body)

    def _left_alone(self, reader: Place, usual: Node, reads: Reads) -> bool:
        """Whether what is read came out of a fork, which in the usual round had left it as it was."""
        source = self.place[usual]
        for merge in self.places(reader.body.whole):
            if not isinstance(merge, Merge) or source not in merge.makers.values() or usual not in merge.nodes:
                continue
            carried = merge.carried
            try:
                for node, value in reads:
                    self._reads(reader, node, value, usual, merge)
            except Uneven:
                merge.carried = carried
                continue
            self.through[reader, usual] = merge
            self.leave(merge, reader.body)
            return True
        return False

    @staticmethod
    def _between(source: Place, reader: Place) -> LoopItem:
        """The loop around a place that what reads it is not in, the innermost; or else that of the reader."""
        its, mine = source.body.chain(), reader.body.chain()
        return its[-1] if its and its[-1] not in mine else mine[-1]

    def _reads(self, reader: Place, node: Node, value: Any, usual: Node, source: Place | None = None) -> None:
        """That `node` reads the newest value of a place: of the one the template reads, or of a loop's start."""
        source = source or self.place[usual]
        found = self.place.get(value) if isinstance(value, Node) else None
        if isinstance(source, Merge) and found in source.makers.values():
            found = source
        if found is source and isinstance(value, Node):
            if source.latest_before(node.index) is not value or self._is_replaced(source.carried, value, node):
                raise Uneven(
                    self._between(source, reader).site, "a round looks back further than to the round before it"
                )
            if reader.body.fork is not None and source.carried is None:
                self._note_handed_on(source, reader, node, value)
            return
        loops = reader.body.chain()
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

    def _note_handed_on(self, source: Place, reader: Place, node: Node, value: Any) -> None:
        for mine, its, loop in zip(self._rounds[node], self._rounds[value], reader.body.chain()):
            if mine is not its:
                known = self._handed_on.setdefault(source, loop)
                if loop.parent.depth < known.parent.depth:
                    self._handed_on[source] = loop
                return

    def _complete(self) -> None:
        """Note what loops hand on that nothing in them reads from before, and what is returned of their last rounds."""
        for source, loop in self._handed_on.items():
            if source.carried is None or source.carried.start is NOTHING:
                makers = source.makers.values() if isinstance(source, Merge) else [source]
                begun = [m.template.args[0] for m in makers if m.primitive in WRITES]
                starts = [self.place[each] if isinstance(each, Node) else each for each in begun]
                if source.carried is not None and source.carried.loop.parent.depth < loop.parent.depth:
                    loop = source.carried.loop
                outside = (s for s in starts if not isinstance(s, Place) or loop not in s.body.chain())
                source.carried = Carried(next(outside, NOTHING), loop)
        for node in self.trace.outputs:
            place = self.returned(node)
            if (
                place.body.chain()
                and place.carried is None
                and place.nodes[-1] is node
                and place not in self.handed_out
            ):
                self.leave(place, self.body)
        for place in [*self.places()][::-1]:
            if isinstance(place, Merge) and place.primitive in WRITES:
                for maker in place.makers.values():  # they write into the same array
                    maker.carried = maker.carried or place.carried

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

    def _is_replaced(self, carried: Carried | None, value: Node, reader: Node) -> bool:
        """Whether what a loop starts from was put in the place of a value of the loop that is read."""
        if carried is None:
            return False
        if isinstance(carried.start, Place):
            again = carried.start.latest_before(reader.index)
            return again is not None and again.index > value.index
        if not self._begins(reader, carried.loop):
            return False
        depth = carried.loop.parent.depth + 1
        return self._rounds[value][:depth] != self._rounds[reader][:depth]

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
