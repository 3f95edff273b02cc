"""The places of one trace: where each of its nodes belongs in the program, and in which rounds it was made."""

from __future__ import annotations

from collections.abc import Iterator

from backpropviz.code.places import NOTHING, Body, Carried, Fork, Merge, Place, Uneven
from backpropviz.engine.graph import Loop, Node, Round
from backpropviz.engine.trace import Trace


class Placed:
    """What all that reads places asks of them.

    Attributes:
        body: the program. place: of every node. forks: whether branches of rounds are told apart.
        through: what came out of a fork as it went in, or off a shelf, for who reads it then.
    """

    trace: Trace
    body: Body
    forks: bool
    place: dict[Node, Place]
    through: dict[tuple[Place, Node], Place]
    _rounds: dict[Node, tuple[Round, ...]]
    _rounds_of: dict[Loop, list[Round]]
    _position: dict[Round, int]

    def rounds(self, node: Node) -> tuple[Round, ...]:
        """The rounds that a node was made in, the outermost first."""
        return self._rounds[node]

    def position(self, round_: Round) -> int:
        """Which round it is of those in which its loop made something."""
        return self._position[round_]

    def rounds_in(self, run: Loop) -> list[Round]:
        """The rounds of one run of a loop in which it made something."""
        return self._rounds_of[run]

    def source(self, reader: Place, node: Node) -> Place:
        """The place whose value an operand of a place's template is."""
        return self.through.get((reader, node)) or self.place[node]

    def returned(self, node: Node) -> Place:
        """The place of an output; of one that a last fork left as it was, what came out of that."""
        place = self.place[node]
        for each in self.places():
            if isinstance(each, Merge) and place in each.makers.values() and node in each.nodes:
                place = each
        return place

    def places(self, body: Body | None = None) -> Iterator[Place]:
        """Every place, in the order of the program."""
        for item in (body or self.body).items:
            if isinstance(item, Place):
                yield item
            elif isinstance(item, Fork):
                for branch in item.branches.values():
                    yield from self.places(branch)
            else:
                yield from self.places(item.body)

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
