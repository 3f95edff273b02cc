"""What values are called where they are read: by their name, or as what the round before left (`h_last`).

One node can be both: `h` of the first round, made in one branch of `if t == 0`, is what the other branch finds as left
by the round before. So each branch has a view of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from backpropviz.code.buffers import Buffers
from backpropviz.code.places import Body, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.code.round_printer import RoundPrinter
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node


class Views(Buffers):
    """How the values of one program are seen from the places that read them.

    Attributes:
        seen: for the operands of templates, of which place they are, and whether of the round before.
        seen_in: the same, as a branch of a fork sees it. mentioned_in: what code of branches mentions.
        own_views: the bodies of loops that see something in a way of their own, too.
    """

    program: Program
    printer: RoundPrinter
    seen: dict[Node, tuple[Place, bool]]
    seen_in: dict[Body, dict[Node, tuple[Place, bool]]]
    mentioned_in: set[tuple[Place, bool]]
    own_views: set[Body]

    def _named(self, place: Place) -> str:
        raise NotImplementedError

    @contextlib.contextmanager
    def _within(self, branch: Body) -> Iterator[None]:
        """Names and what is seen as code in a branch finds them."""
        own = self.seen_in.get(branch, {})
        mentioned = self.printer.mentioned
        usual = {node: (self.names.get(node), self.seen.get(node), node in mentioned) for node in own}
        mentioned.difference_update(own)
        self.seen.update(own)
        for node, (place, last) in own.items():
            if place in self.written:
                self.names[node] = self._as_seen(place, last)
        yield
        self.mentioned_in.update(own[node] for node in mentioned & own.keys())
        mentioned.difference_update(own)
        for item in branch.items:  # what a maker hands back is what another branch hands to the round before
            if isinstance(item, Place) and item in self.merges and item.template.gradient is not None:
                self.names.pop(item.template.gradient, None)
        for node, (name, seen, was_mentioned) in usual.items():
            self.names.pop(node, None)
            self.seen.pop(node)
            if name is not None:
                self.names[node] = name
            if seen is not None:
                self.seen[node] = seen
            if was_mentioned:
                mentioned.add(node)

    def _as_own(self, body: Body) -> contextlib.AbstractContextManager[None]:
        """Names as code in the body of a loop finds them."""
        return self._within(body) if body in self.own_views else contextlib.nullcontext()

    def _as_seen(self, place: Place, last: bool) -> str:
        # an array that is filled is one array before and after
        return self.written[place] + "_last" * (last and not self._is_buffer(place))

    def _all_seen(self, bodies: list[Body]) -> list[tuple[Node, tuple[Place, bool]]]:
        """What is seen, in some branches too."""
        return [*self.seen.items(), *(pair for body in bodies for pair in self.seen_in.get(body, {}).items())]

    def _look_around(self, reader: Place) -> None:
        """How what `reader` uses is called there: by its name, or as what the round before left."""
        for node in reader.template.parents:
            place = self.program.source(reader, node)
            if (reader, node) in self.program.past or self.program.is_gathered(reader, node):
                continue
            last = self._is_last(node, reader)
            if last and reader.body.chain()[: place.body.depth] != place.body.chain():
                raise Uneven(place.body.chain()[-1].site, "a value is handed on across loops")
            if reader.body.fork is not None:
                known = self.seen_in.setdefault(reader.body, {})
                self.seen.setdefault(node, (place, last))
            elif place in self.program.shelved and not self.program.shelved[place].alone:
                known = self.seen_in.setdefault(reader.body, {})  # other loops read the same entry by other names
                self.own_views.add(reader.body)
            else:
                known = self.seen
            if known.setdefault(node, (place, last)) != (place, last):
                raise Uneven(place.body.chain()[-1].site, "a value is used before and after the next round")
            apart = place.body is not reader.body
            if place in self.written or last or (apart and place.body.chain() != []):
                self._named(place)
        for position, node in operands(reader.template):
            if (reader, node) in self.program.past or self.program.is_gathered(reader, node):
                continue
            if any(term.consumer is reader.template and term.position == position for term in node.terms):
                self.consumers.setdefault(self.program.source(reader, node), []).append(reader)

    def _is_last(self, node: Node, reader: Place) -> bool:
        """Whether a value is from the round before, where `reader` uses it."""
        place = self.program.source(reader, node)
        mine, its = self.program.rounds(reader.template), self.program.rounds(node)
        shared = len([1 for one, other in zip(place.body.chain(), reader.body.chain()) if one is other])
        return place.carried is not None and mine[:shared] != its[:shared]
