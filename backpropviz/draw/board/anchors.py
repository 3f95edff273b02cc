"""The anchors that things sit at, and what sits there: how a board is spaced from left to right. Plain data.

What stands in a row stands in bands: boxes hang in the uppermost, below are arrays, names on the wires, the gates
themselves, and formulas. In each band things follow each other without touching, and each of them sits at an anchor: a
column, or a wire that changes rows in a gap.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from backpropviz.draw.board.blocks import TRACK, Block, Formula, Run, Style
from backpropviz.draw.board.grid import Grid, Route
from backpropviz.draw.board.groups import Surrounded
from backpropviz.draw.board.stations import Pin, Station

BANDS = ("boxes", "arrays", "names", "formulas")
BESIDE = TRACK / 2 + 7  # from the middle of a double track to a text
APART = {"names": 14.0}  # between neighbours in a band,
APART_ELSE = 24.0  # and in the other bands, where texts of one line must not be read as one
ARROW = 16.0  # room for an arrowhead before a gate
INSET = 16.0  # from a gate to the line around its group
_EQUALS = re.compile(r" \+?= ")  # a round of a loop adds

Anchor = tuple[int, int]
"""(column, 0), or (column, n) for the n-th wire that changes rows in the gap behind it."""
Extents = dict[tuple[int, str], dict[Anchor, list[float]]]
"""How far things reach to the left and right of their anchors, by row and band."""


@dataclass(slots=True, eq=False)
class Trunk:
    """Where the wires of one value change rows: its anchor, and the rows it reaches."""

    station: Station
    rows: set[int]
    anchor: Anchor = (0, 0)


@dataclass(slots=True, eq=False)
class Hung:
    """A pin with its block and its places, counted from the middle of the gate: of the box, and of the gate's slot."""

    pin: Pin
    box: list[list[Run]]
    block: Block
    width: float
    x: float = 0.0
    slot: float = 0.0


@dataclass(slots=True, eq=False)
class Placed:
    """A block of text at an anchor.

    Attributes:
        offset: where its left end is, counted from the anchor.
        ends: it ends at a gate, and may grow to the left.
    """

    owner: str
    row: int
    band: str
    block: Block
    anchor: Anchor
    offset: float
    ends: bool = False


@dataclass(slots=True)
class Spacing:
    """How a grid is spaced: sizes of gates, where wires enter them, blocks of text, and x of all anchors.

    Attributes:
        half: half the width and height of every station. written: what stands in it.
        slots: for a route that enters from above or below, how far beside the middle.
        below: what stands below the board because it is too long for its wires: formulas, and in black codes.
        segments: the first and last column of every row of the page. widths: how wide each is.
    """

    grid: Grid
    style: Style
    half: dict[Station, tuple[float, float]] = field(default_factory=dict)
    written: dict[Station, list[list[Run]]] = field(default_factory=dict)
    slots: dict[Route, float] = field(default_factory=dict)
    hung: dict[Station, list[Hung]] = field(default_factory=dict)
    trunks: dict[Station, Trunk] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    surrounded: list[Surrounded] = field(default_factory=list)
    below: list[Formula] = field(default_factory=list)
    extents: Extents = field(default_factory=lambda: defaultdict(dict))
    x: dict[Anchor, float] = field(default_factory=dict)
    segments: list[tuple[int, int]] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def need(self, row: int, band: str, anchor: Anchor, left: float, right: float) -> None:
        """Make room at an anchor, to its left and right."""
        extent = self.extents[row, band].setdefault(anchor, [left, right])
        extent[0], extent[1] = max(extent[0], left), max(extent[1], right)

    def shortened(self, formulas: list[Formula]) -> list[Formula]:
        """Formulas as they stand on wires: those that are too long go by their names, and are kept for below."""
        longest = self.style.longest
        if longest is None:
            return formulas
        long = [each for each in formulas if len(each.text) > longest and _EQUALS.search(each.text)]
        self.below += [each for each in long if each not in self.below]
        return [each._replace(text=_EQUALS.split(each.text)[0]) if each in long else each for each in formulas]

    def apart(self, band: str) -> float:
        return APART.get(band, APART_ELSE)
