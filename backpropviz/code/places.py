"""What a program with loops consists of: places that operations fill, and bodies of loops."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backpropviz.engine.graph import Loop, Node
from backpropviz.primitives.record import Primitive


class Uneven(Exception):  # noqa: N818
    """The rounds of a loop differ, so it has to be written out.

    Attributes:
        site: which loop. reason: how they differ, for the reader.
    """

    def __init__(self, site: Any, reason: str):
        super().__init__(reason)
        self.site, self.reason = site, reason


@dataclass(eq=False)
class Place:
    """An operation of the program.

    Attributes:
        nodes: its nodes, in a loop those of all rounds, in order. template: the one that stands for all.
        carried: what it is to the next round, if that uses it, or to what comes after the loop.
        gathers: where the values of all rounds are joined after the loop.
    """

    body: Body
    nodes: list[Node]
    template: Node
    carried: Carried | None = None
    gathers: list[Gather] = field(default_factory=list)
    _order: list[int] = field(default_factory=list, init=False, repr=False)  # the indices of its nodes

    @property
    def primitive(self) -> Primitive | None:
        return self.template.primitive

    @property
    def listed_by(self) -> LoopItem | None:
        """The loop of which every round puts the value into a list."""
        return self.gathers[0].loop if self.gathers else self.body.loop

    @property
    def is_fetched(self) -> bool:
        """Whether it is a row that a loop over an array takes out at the start of each round."""
        rounds = self.body.loop.runs[0].rounds if self.body.loop is not None else []
        return bool(rounds) and any(
            getattr(value, "node", None) is self.nodes[0] for value in _values(rounds[0].variables.values())
        )

    def latest_before(self, index: int) -> Node | None:
        """Its last node before a node of that index."""
        if len(self._order) != len(self.nodes):
            self._order = [node.index for node in self.nodes]
        at = bisect.bisect_left(self._order, index)
        return self.nodes[at - 1] if at else None


OTHER_STEPS = "its rounds do not all make the same steps"
"""Why most loops that cannot be kept are written out."""

NOTHING: Any = object()
"""What a loop starts from whose rounds hand nothing on: only the last round's value is used, after the loop."""


@dataclass(eq=False)
class Carried:
    """What a loop hands from round to round: in the first round it is what `start` says.

    Attributes:
        start: the place, or the constant array, that the first round finds; NOTHING if no round looks for it.
        loop: the outermost that hands it on.
    """

    start: Place | Any
    loop: LoopItem


@dataclass(eq=False)
class Gather:
    """A list of the values of all rounds, as an argument of what comes after the loop: `np.stack(hs)`.

    Attributes:
        reader: the operation. first: how many other values stand in its list before them.
        loop: the loop whose rounds the values are of; of a loop within it, it is the last value.
    """

    reader: Place
    first: int
    loop: LoopItem


@dataclass(eq=False)
class Past:
    """How values that a loop has made are read after it, one at a time: `hs[t - 1]` in another loop.

    Which one is `sign * variable + offset`, counted from 0 if `sign` is 1 and from the end if it is -1.

    Attributes:
        place: whose values they are. loop: the loop that reads; None where a single one is read outside of loops.
        variable: what it counts with; None for the number of its round.
        before: whether what the loop started from is read, too, as the value before the first.
    """

    place: Place
    loop: LoopItem | None
    variable: str | None
    sign: int
    offset: int
    before: bool


@dataclass(eq=False)
class Body:
    """A sequence of operations and loops.

    Attributes:
        loop: what it is the body of; None for the function. fork: for a branch, where it branches off.
    """

    loop: LoopItem | None
    items: list[Place | LoopItem | Fork] = field(default_factory=list)
    fork: Fork | None = None

    @property
    def whole(self) -> Body:
        """The body of the loop, or of the function, that a branch is part of; for others, itself."""
        body: Body = self
        while body.fork is not None:
            body = body.fork.parent
        return body

    @property
    def depth(self) -> int:
        """How many loops stand around it."""
        return len(self.chain())

    def chain(self) -> list[LoopItem]:
        """The loops around it, the outermost first."""
        loops: list[LoopItem] = []
        body: Body = self
        while body.loop is not None:
            loops.append(body.loop)
            body = body.loop.parent
        return loops[::-1]


@dataclass(eq=False)
class LoopItem:
    """A loop of the program, with the runs of it that the trace has."""

    head: str
    site: Any
    parent: Body
    runs: list[Loop]
    body: Body = field(init=False)


@dataclass(eq=False)
class Fork:
    """Where the rounds of a loop go one way or another, by a test of what they count with: `if t == 0:`.

    Attributes:
        parent: the body it stands in. branches: what is done where the test holds, and where it does not.
        merges: the values that come out of it.
    """

    test: str
    parent: Body
    branches: dict[bool, Body] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)


@dataclass(eq=False)
class Merge(Place):
    """A value that each branch of a fork makes, or leaves as it was.

    Attributes:
        fork: which. makers: for each outcome of its test, the place that makes it; one before the fork is left as is.
    """

    fork: Fork = field(kw_only=True)
    makers: dict[bool, Place] = field(kw_only=True)


def _values(values: Iterable[Any]) -> Iterator[Any]:
    """Values, and what tuples of them hold."""
    for value in values:
        if isinstance(value, tuple):
            yield from _values(value)
        else:
            yield value
