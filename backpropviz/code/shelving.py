"""Where loops take entries out of dictionaries and lists, and put their results into those that are returned."""

from __future__ import annotations

from collections import Counter

from backpropviz.code.past import Reads
from backpropviz.code.placed import Placed
from backpropviz.code.places import Place, Uneven
from backpropviz.code.shelves import Entry, Shelves
from backpropviz.engine.graph import Node


class Shelving(Placed):
    """What of the places of one trace is read from, or goes to, dictionaries and lists.

    Attributes:
        shelves: which there are; None where code is to have an argument for each array in them.
        shelved: places that stand for an entry, another one each round.
        handed_out: places that each round puts into what is returned.
    """

    shelves: Shelves | None
    shelved: dict[Place, Entry]
    handed_out: dict[Place, Entry]

    def _taken_from_shelf(self, reader: Place, usual: Node, reads: Reads) -> bool:
        """Whether each round reads another entry of a dictionary or list; notes the place that stands for it."""
        if self.shelves is None:
            return False
        found = self.shelves.entry(self, reader.body, reads)
        if found is None:
            return False
        entry, loop = found
        by_round = {self.rounds(node)[loop.parent.depth]: value for node, value in reads}
        for place, known in self.shelved.items():
            if place.body is loop.body and place.template is usual and known.parts == entry.parts:
                place.nodes = list(dict.fromkeys([*place.nodes, *by_round.values()]))
                break
        else:
            place = Place(loop.body, list(by_round.values()), usual)
            entry.alone = len({*by_round.values()}) == len(by_round)
            self.shelved[place] = entry
        self.through[reader, usual] = place
        return True

    def _put_in_place(self) -> None:
        """Entries are at hand where a round begins; what each round puts into a returned dictionary is noted."""
        assert self.shelves is not None
        read = {node for place in self.places() for node in place.template.parents if (place, node) not in self.through}
        times = Counter(node for place in self.shelved for node in place.nodes)
        for place, entry in self.shelved.items():
            place.body.items.insert(0, place)
            entry.alone = entry.alone and all(times[node] == 1 and node not in read for node in place.nodes)
        held = self.trace.held
        for place in self.places():
            loops = place.body.chain()
            if loops and all(node in held and node in self.trace.upstream for node in place.nodes):
                spots = [held[node] for node in place.nodes]
                found = self.shelves.told_apart(self, loops, spots, [self.rounds(node) for node in place.nodes])
                if found is None or found[1] is not loops[-1]:
                    raise Uneven(loops[-1].site, "its rounds put values into what is returned in no order that is seen")
                self.handed_out[place] = Entry(spots[0][0], found[0], "")
