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
        at = bisect.bisect_left(self.nodes, index, key=lambda node: node.index)
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
    """A sequence of operations and loops; `loop` is what it is the body of, None for the function."""

    loop: LoopItem | None
    items: list[Place | LoopItem] = field(default_factory=list)

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


def _values(values: Iterable[Any]) -> Iterator[Any]:
    """Values, and what tuples of them hold."""
    for value in values:
        if isinstance(value, tuple):
            yield from _values(value)
        else:
            yield value
