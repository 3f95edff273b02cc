"""Arrays that a loop fills, and how often code writes a gradient: what the names of a program are decided by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.code.counters import Counters
from backpropviz.code.places import Place
from backpropviz.code.slots import slots
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node, bare, flatten
from backpropviz.engine.in_place import joined_index
from backpropviz.engine.versions import ADD, WRITES
from backpropviz.primitives.shapes import TAKE
from backpropviz.primitives.stores import ADDED, STORED


class Buffers(Counters):
    """What is asked of the arrays that a program's loops fill, and of the uses of its gradients.

    Attributes:
        consumers: for every place, those that use its value and hand it a gradient.
        collects: places whose gradient is a variable that terms are added to.
        accumulated: writes that add to what is there, with what they add. undone: the reads in them.
    """

    written: dict[Place, str]
    consumers: dict[Place, list[Place]]
    collects: set[Place]
    accumulated: dict[Place, Node]
    undone: set[Place]
    templates: list[Node]  # the forward pass, one round of each loop
    shown_red: list[Node]  # the backward pass, without that of rounds for which another stands
    merges: dict[Place, Place]  # what branches make, with what comes out of their fork

    def _uses(self) -> Counter[Node]:
        """How often code writes a node of the backward pass: in other expressions, and as a term of a gradient."""
        sums = {red for node in self.templates for red in _sums(node)}  # loops add terms up one after the other
        uses = Counter([parent for red in self.shown_red if red not in sums for parent in red.parents])
        for reader in self.program.places():
            for position, node in operands(reader.template):
                place = self.program.source(reader, node)
                if place in self.collects or place in self.written:
                    uses.update(
                        term.node
                        for term in node.terms
                        if term.consumer is reader.template and term.position == position
                    )
        return uses

    def _shown_red(self) -> list[Node]:
        """The backward pass of the templates, without what adds up the terms of all rounds."""
        place = self.program.place
        hidden = {node for node, its in place.items() if node is not its.template}
        spread = (node for node in self.templates if any(term.consumer in hidden for term in node.terms))
        sums = {red for node in spread for red in _sums(node) if red is not node.gradient}
        red = [red for red in self.trace.red.nodes if not (red in sums or (red.step and red.step.node in hidden))]
        mixed = {node.step for node in hidden if node.step is not None and node.step.node not in hidden}
        if not mixed:
            return red
        told = self._handed_by(self.templates, hidden)  # of comprehensions, whose rounds are in one step
        return [node for node in red if node.step not in mixed or node in told]

    @staticmethod
    def _handed_by(templates: list[Node], hidden: set[Node]) -> set[Node]:
        """The gradients of nodes, and all that their terms are made of, but for those of hidden rounds."""
        found = {node.gradient for node in templates if node.gradient is not None}
        waiting = [term.node for node in templates for term in node.terms if term.consumer not in hidden]
        while waiting:
            red = waiting.pop()
            if red not in found:
                found.add(red)
                waiting += red.parents
        return found

    def _is_buffer(self, place: Place) -> bool:
        return place.primitive in WRITES and place.carried is not None

    def _is_only_filled(self, place: Place) -> bool:
        """Whether a buffer's loop only writes into it, each entry once, and what it starts with has no gradient."""
        place = self.merges.get(place, place)
        carried = place.carried
        assert carried is not None
        if isinstance(carried.start, Place) and carried.start.template.carries_gradient:
            return False
        readers = self.consumers.get(place, [])
        inside = [reader for reader in readers if carried.loop in reader.body.chain()]
        if any(reader.primitive is not STORED and reader not in self.undone for reader in inside):
            return False
        if place in self.accumulated:
            return all(reader is place or reader in self.undone for reader in inside)
        return self.is_written_once(place)

    def _accumulated(self) -> dict[Place, Node]:
        """The writes that add to what is there, `out[i] = out[i] + v`, with v; the reads in them are no use of out."""
        found: dict[Place, Node] = {}
        for place in self.program.places():
            node = place.template
            if place.primitive is not STORED or not isinstance(node.args[1], Node) or node.args[1].name:
                continue
            added = node.args[1]
            if added.primitive is not ADD or len(self.consumers.get(self.program.place[added], [])) != 1:
                continue
            for read, rest in (added.args, added.args[::-1]):
                chain, index = self._read_at(read, node.args[0])
                if chain and isinstance(rest, Node) and slots(self.trace, index) == slots(self.trace, node.args[2]):
                    found[place] = rest
                    self.undone.update(chain)
                    break
        return found

    def _read_at(self, read: Any, buffer: Any) -> tuple[list[Place], Any]:
        """The places that take a part out of an array, one after the other, and the index they come to."""
        chain: list[Place] = []
        index: Any = ...
        while isinstance(read, Node) and read.primitive is TAKE and not read.name and read is not buffer:
            place = self.program.place[read]
            joined = read.args[1] if index is ... else joined_index(read.args[1], index)
            if joined is None or (index is ... and chain) or len(self.consumers.get(place, [])) != 1:
                return [], None
            chain.append(place)
            index, read = joined, read.args[0]
        return (chain, index) if read is buffer else ([], None)

    def is_written_once(self, place: Place) -> bool:
        """Whether no entry of a buffer is written twice."""
        place = self.merges.get(place, place)
        times = np.zeros(place.template.shape, int)
        node: Any = place.nodes[-1]
        while isinstance(node, Node) and node.primitive in WRITES:
            index = node.args[2]
            if node.primitive is ADDED or any(isinstance(part, Node) for part in flatten(index)):
                return False
            np.add.at(times, index, 1)
            node = node.args[0]
        return bool(times.max(initial=0) <= 1)

    def is_still_there(self, place: Place) -> bool:
        """Whether what is read of a buffer is there after its loop: no entry is written again after it was read."""
        merge = self.merges.get(place, place)
        versions: list[Any] = [merge.nodes[-1]]
        while isinstance(versions[-1], Node) and versions[-1].primitive in WRITES:
            if any(isinstance(part, Node) for part in flatten(versions[-1].args[2])):
                return False
            versions.append(versions[-1].args[0])
        number = {id(version): at for at, version in enumerate(reversed(versions))}
        written = np.zeros(merge.template.shape, int)  # for every entry, which version wrote it last
        for version in reversed(versions[:-1]):
            written[bare(version.args[2])] = number[id(version)]
        for reader in self.program.places():
            if reader in self.undone or reader.primitive in WRITES:
                continue
            for node in reader.nodes:
                for version in node.parents:
                    index = node.args[1] if reader.primitive is TAKE else ...
                    if id(version) not in number:
                        continue
                    if any(isinstance(part, Node) for part in flatten(index)):
                        return False
                    if np.any(written[bare(index)] > number[id(version)]):
                        return False
        return True


def _sums(node: Node) -> Iterator[Node]:
    """The nodes that add up the terms of a value's gradient, the last first."""
    total = node.gradient
    for _ in node.terms[1:]:
        assert total is not None
        yield total
        total = total.args[0]
