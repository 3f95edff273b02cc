"""The program behind a trace: its loops as loops again, each with one body.

A trace has a node for every operation of every round. Where all rounds of a loop did the same, operation by operation,
to the same places (of the same round, of the round before, or from outside), one of them can stand for all. This module
finds that out; `rolling.py` writes the code. Nothing here looks at names or printed text: places are compared by the
operations that fill them, and numbers by how they were written (`i*stride`, not 6).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from typing import Any

from backpropviz.code.branches import Branches, Choice, Sequences
from backpropviz.code.comparing import Comparing
from backpropviz.code.merging import merge
from backpropviz.code.places import NOTHING, OTHER_STEPS, Body, Fork, LoopItem, Past, Place, Uneven
from backpropviz.code.shelves import Entry, Shelves
from backpropviz.code.used import rows_joined_late, used_nodes, used_rounds
from backpropviz.engine.graph import Loop, Node, Round
from backpropviz.engine.trace import Trace

Runs = list[tuple[range, Round | None, tuple[Round, ...]]]
"""The runs of a body: the nodes of each, the round it is, and the rounds it is in."""


class Program(Comparing):
    """The places of a trace.

    Args:
        unrolled: the sites of loops that are written out.
        forks: whether rounds that differ by a branch on what they count with are told apart, `if t == 0:`, and an array
            that a round writes into more than once is one array.
        shelves: whether dictionaries and lists that a loop goes through are kept: `params[k]`, not `params_W1`.
        shown: whether what no output depends on is part of it where it has a name: pictures show it, code needs none.

    Raises:
        Uneven: the rounds of another loop differ.
    """

    def __init__(
        self,
        trace: Trace,
        unrolled: frozenset[Any] = frozenset(),
        shown: bool = False,
        forks: bool = False,
        shelves: bool = False,
    ):
        self.trace = trace
        self.forks = forks
        self._branches = Branches(trace) if forks else None
        self.place: dict[Node, Place] = {}
        self.past: dict[tuple[Place, Node], Past] = {}
        self._rounds: dict[Node, tuple[Round, ...]] = {}
        self.shelves = Shelves(trace) if shelves else None
        self.shelved: dict[Place, Entry] = {}
        self.handed_out: dict[Place, Entry] = {}
        self.through: dict[tuple[Place, Node], Place] = {}
        self._handed_on: dict[Place, LoopItem] = {}
        self._lengths: dict[Round, int] = {}  # how much each round does
        self._kept = used_nodes(trace, shown)
        self._rounds_of = used_rounds(trace, self._kept)
        self._rows = rows_joined_late(trace, self._kept, self._rounds_of, unrolled)
        self._kept -= {node for rows in self._rows.values() for node in rows}
        self._position = {round_: at for rounds in self._rounds_of.values() for at, round_ in enumerate(rounds)}
        inside: dict[Round | None, list[Loop]] = {}
        for loop in trace.loops:
            if loop.site not in unrolled and self._rounds_of.get(loop):
                inside.setdefault(self._outer(loop, unrolled), []).append(loop)
        self._inside = inside
        self.body = self._build(None, [(range(len(trace.nodes)), None, ())])
        for place in self.places():
            self._check(place)
        if self.shelves is not None:
            self._put_in_place()
        self._complete()
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

    def has_loops(self) -> bool:
        return any(isinstance(item, LoopItem) for item in self.body.items)

    def is_gathered(self, reader: Place, node: Node) -> bool:
        """Whether a place reads a node as one of a list of all rounds' values."""
        return any(gather.reader is reader for gather in self.source(reader, node).gathers)

    # ---- building ----------------------------------------------------------------------------------------------------

    def _build(self, loop: LoopItem | None, runs: Runs) -> Body:
        """The body that all of `runs` are runs of: each a range of nodes, the round it is, and those around it."""
        body = Body(loop)
        sequences = [self._sequence(nodes, round_) for nodes, round_, _ in runs]
        for (_, round_, _), sequence in zip(runs, sequences):
            if round_ is not None:
                self._lengths[round_] = len(sequence)
        if self._branches is None or loop is None:
            self._row(body, runs, sequences)
        else:
            self._fill(body, runs, sequences, self._branches.statements(loop.runs[0]))
        return body

    def _fill(self, body: Body, runs: Runs, sequences: Sequences, statements: Sequence[ast.stmt]) -> None:
        """Write into a body what all runs of it do, and the forks where they part."""
        assert self._branches is not None
        for choice, parts in self._branches.cut(statements, [rounds for _, _, rounds in runs], sequences):
            if choice is None:
                self._row(body, runs, parts)
            elif len(set(choice.outcomes)) == 1:
                self._fill(body, runs, parts, choice.then if choice.outcomes[0] else choice.otherwise)
            else:
                self._fork(body, runs, parts, choice)

    def _fork(self, body: Body, runs: Runs, sequences: Sequences, choice: Choice) -> None:
        fork = Fork(choice.test, body)
        for outcome, statements in ((True, choice.then), (False, choice.otherwise)):
            branch = fork.branches[outcome] = Body(body.loop, fork=fork)
            mine = [at for at, each in enumerate(choice.outcomes) if each is outcome]
            self._fill(branch, [runs[at] for at in mine], [sequences[at] for at in mine], statements)
        if any(branch.items for branch in fork.branches.values()):
            before = [*body.items]
            body.items.append(fork)
            merge(self, fork, before)

    def _row(self, body: Body, runs: Runs, sequences: Sequences) -> None:
        """Write into a body what all runs of it do alike."""
        loop = body.loop
        if loop is not None and len({len(sequence) for sequence in sequences}) > 1:
            raise Uneven(loop.site, OTHER_STEPS)
        middle = self._usual(body, runs)
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

    def _usual(self, body: Body, runs: Runs) -> int:
        """Which run stands for all: one that takes over from a round before it, the second of every loop.

        Where rounds branch, the one of these that does the most; in a branch of first rounds alone, a first one.
        """
        numbers = [[self._position[round_] for round_ in rounds] for _, _, rounds in runs]
        if self._branches is None or body.loop is None:
            found = next((at for at, own in enumerate(numbers) if all(number == 1 for number in own)), None)
        else:
            usual = [at for at, own in enumerate(numbers) if all(own) or body.fork is not None]
            found = max(usual, key=lambda at: self._usualness(runs[at][2]), default=None)
        if found is None:
            assert body.loop is not None
            raise Uneven(body.loop.site, "it has a single round")
        return found

    def _usualness(self, rounds: tuple[Round, ...]) -> tuple[Any, ...]:
        """How well a round stands for all: one after a round before it, which did no less, that does the most."""
        numbers = [self._position[round_] for round_ in rounds]
        own, number = self._rounds_of[rounds[-1].loop], numbers[-1]
        before = self._lengths.get(own[number - 1], 0) if number else 0
        later = sum(number > 0 for number in numbers)
        return later, self._lengths[rounds[-1]], before, [-number for number in numbers]

    def _sequence(self, nodes: range, round_: Round | None) -> list[Node | Loop]:
        """What one run of a body consists of, in order."""
        sequence: list[Node | Loop] = []
        at = nodes.start
        for loop in self._inside.get(round_, ()):
            start, stop = loop.rounds[0].nodes.start, loop.rounds[-1].nodes.stop
            sequence += self._kept_of(at, start)
            sequence.append(loop)
            at = stop
        return [*sequence, *self._kept_of(at, nodes.stop), *(self._rows.get(round_, ()) if round_ is not None else ())]

    def _kept_of(self, start: int, stop: int) -> list[Node]:
        return [node for node in self.trace.nodes[start:stop] if node in self._kept]
