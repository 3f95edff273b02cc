"""Distances from left to right: the room that gates, wires and boxes need at their anchors.

`labels` adds the texts, and `distances` finds the least distances at which nothing touches.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from backpropviz.code.breaking import broken, width
from backpropviz.draw.board.anchors import ARROW, BANDS, BESIDE, INSET, Hung, Spacing, Trunk
from backpropviz.draw.board.blocks import (
    BADGE,
    DIAMETER,
    SIZE,
    SLOT,
    Formula,
    Style,
    array_of,
    badge_width,
    inscription,
    red_block,
    with_array,
)
from backpropviz.draw.board.distances import solve
from backpropviz.draw.board.grid import Grid, Route
from backpropviz.draw.board.groups import Surrounded, surroundings
from backpropviz.draw.board.labels import place_texts
from backpropviz.draw.board.stations import Station


class Spacer:
    """The room that everything on a grid needs, with texts broken in one style."""

    def __init__(self, grid: Grid, style: Style):
        self.grid, self.style = grid, style
        self.made = Spacing(grid, style)
        self.last = max(grid.column.values(), default=0)
        self.pads: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])  # beside columns, for lines around groups
        self.entering: dict[Station, list[Route]] = defaultdict(list)
        for route in grid.routes:
            if route.enters != "left":
                self.entering[route.link.head].append(route)
        self._trunks()
        for station in grid.stations:
            self._gate(station)
        for surrounded in sorted(surroundings(grid), key=lambda each: -each.depth):
            self._surround(surrounded)
        self._verticals()
        place_texts(self.made)
        self.least = self._least()

    def solve(self, cuts: tuple[int, ...] = ()) -> Spacing:
        """The least distances, with a new row of the page after each column in `cuts`."""
        return solve(self.made, self.least, self.last, cuts)

    @cached_property
    def uncut(self) -> list[float]:
        """Where the columns would be in one row, and where that ends."""
        whole = self.solve()
        return [*(whole.x[column, 0] for column in range(self.last + 1)), whole.widths[0]]

    # ---- gates and boxes ---------------------------------------------------------------------------------------------

    def _gate(self, station: Station) -> None:
        gate = station.gate
        lines = self.made.written[station] = inscription(gate, self.style, station.chip)
        text = max((sum(run.width for run in line) for line in lines), default=0.0)
        high = sum(line[0].size * 1.2 for line in lines)
        # the wire from the nearest row enters leftmost: those from farther rows pass below or above it
        below = sorted((r for r in self.entering[station] if r.enters == "below"), key=lambda r: r.row)
        above = sorted((r for r in self.entering[station] if r.enters == "above"), key=lambda r: -r.row)
        many = max(len(below), len(above) + len(station.pins))
        if gate.kind == "end":
            half = (text / 2 + 3, 10.0)
        elif gate.kind == "input":
            half = (max(text / 2 + 10, 18), high / 2 + (3 if station.chip else 6))
        elif text <= DIAMETER - 6 and len(lines) == 1 and many <= 1 and gate.kind == "gate":
            half = (DIAMETER / 2, DIAMETER / 2)
        else:
            half = (max(text / 2 + 10, (many - 1) * SLOT / 2 + 18, DIAMETER / 2), max(DIAMETER / 2, high / 2 + 7))
        self.made.half[station] = half
        longest = self.style.longest
        if longest is not None and gate.short and len(gate.inscription) > longest:
            self.made.below.append(Formula(f"{gate.badge}  {gate.name} = {gate.inscription}", gate.id))
        self.made.slots.update(zip(below, _slots(len(below))))
        top = _slots(len(above) + len(station.pins))
        self.made.slots.update(zip(above, top))
        self._hang(station, top[len(above) :], top[len(above) - 1] if above else None)
        left = half[0]
        if gate.badge:
            size = badge_width(gate.badge)
            left = max(left + size / 2 + 3, 15 + size) if size > BADGE else left + BADGE / 2
        self.made.need(self.grid.row[station], "names", (self.grid.column[station], 0), left, half[0])

    def _hang(self, station: Station, slots: list[float], beside: float | None) -> None:
        """Places the boxes above a station side by side, around the slots their wires lead to.

        Args:
            beside: the slot of the last wire that comes from above, which stays left of the boxes.
        """
        hung = [self._hung(station, number, slot) for number, slot in enumerate(slots)]
        if not hung:
            return
        self.made.hung[station] = hung
        edge = 0.0
        for each in hung:
            each.x = edge + each.width / 2
            edge = each.x + max(each.width / 2, BESIDE + each.block.width) + 14
        shift = (hung[0].slot + hung[-1].slot) / 2 - (hung[0].x + hung[-1].x) / 2
        if beside is not None:
            shift = max(shift, beside + BESIDE + 6 + hung[0].width / 2 - hung[0].x)
        for each in hung:
            each.x += shift
        anchor, row = (self.grid.column[station], 0), self.grid.row[station]
        right = hung[-1].x + max(hung[-1].width / 2, BESIDE + hung[-1].block.width)
        self.made.need(row, "boxes", anchor, hung[0].width / 2 - hung[0].x, right)
        self.made.need(row, "arrays", anchor, BESIDE - slots[0], slots[-1] + BESIDE)

    def _hung(self, station: Station, number: int, slot: float) -> Hung:
        pin = station.pins[number]
        box = inscription(pin.gate, self.style, pin.chip)
        formulas = [Formula(pin.gate.sum, f"sum_{pin.gate.id}", True)] if pin.gate.sum and not pin.chip else []
        formulas += [Formula(term, f"backward_{pin.use.number}") for term in pin.use.terms or ()]
        grad = array_of(pin.gate.grad, "red", self.style.values) if self.style.values and not pin.chip else None
        wide = max(sum(run.width for run in line) for line in box) + 20
        block = with_array(red_block(self.made.shortened(formulas), self.style.formula), grad, self.style, pin.gate)
        return Hung(pin, box, block, wide, slot=slot)

    def _surround(self, each: Surrounded) -> None:
        """Room for the line around a group, in all bands of its rows."""
        made, column = self.made, self.grid.column
        left = right = 0.0
        for row in range(each.rows[0], each.rows[1] + 1):
            for band in BANDS:
                left = max(left, made.extents[row, band].get((each.columns[0], 0), [0.0, 0.0])[0])
                right = max(right, made.extents[row, band].get((each.columns[1], 0), [0.0, 0.0])[1])
        for station in each.stations:
            half = made.half[station][0]
            left = max(left, half) if column[station] == each.columns[0] else left
            right = max(right, half) if column[station] == each.columns[1] else right
        each.left, each.right = left + INSET, right + INSET
        if each.columns[0] == each.columns[1]:
            least = max(width(piece, SIZE) for piece in broken(each.frame.title, 8)) + 2 * INSET
            each.right = max(each.right, least - each.left)
        for row in range(each.rows[0], each.rows[1] + 1):
            for band in BANDS:
                made.need(row, band, (each.columns[0], 0), each.left, 0.0)
                made.need(row, band, (each.columns[1], 0), 0.0, each.right)
        first, last = self.pads[each.columns[0]], self.pads[each.columns[1]]
        first[0], last[1] = max(first[0], each.left), max(last[1], each.right)
        made.surrounded.append(each)

    # ---- wires -------------------------------------------------------------------------------------------------------

    def _trunks(self) -> None:
        row, column = self.grid.row, self.grid.column
        for route in self.grid.routes:
            tail = route.link.tail
            if route.row != row[tail]:
                self.made.trunks.setdefault(tail, Trunk(tail, {row[tail]})).rows.add(route.row)
        gaps: dict[int, list[Trunk]] = defaultdict(list)
        for trunk in self.made.trunks.values():
            gaps[column[trunk.station]].append(trunk)
        for gap, trunks in gaps.items():
            # a long one stays left, so that the wires of the others do not have to pass it
            trunks.sort(key=lambda trunk: (min(trunk.rows) - max(trunk.rows), row[trunk.station]))
            for number, trunk in enumerate(trunks, 1):
                trunk.anchor = gap, number

    def _verticals(self) -> None:
        """Room for the wires that lead up and down, in all the bands they pass."""
        row, column = self.grid.row, self.grid.column
        for trunk in self.made.trunks.values():
            at = row[trunk.station]
            for low, high in ((min(trunk.rows), at), (at, max(trunk.rows))):
                self._pass(low, high, trunk.anchor, 0.0)
        for routes in self.entering.values():
            for route in routes:
                low, high = sorted((route.row, row[route.link.head]))
                self._pass(low, high, (column[route.link.head], 0), self.made.slots[route])

    def _pass(self, low: int, high: int, anchor: tuple[int, int], offset: float) -> None:
        for row in range(low, high + 1 if low < high else low):
            bands = BANDS if low < row < high else ("formulas",) if row == low else BANDS[:3]
            for band in bands:
                self.made.need(row, band, anchor, BESIDE - offset, BESIDE + offset)

    def _least(self) -> dict[tuple[int, int], dict[tuple[int, int], float]]:
        """For every anchor, the one before it, and how far they must be apart for gates and wires alone."""
        half: dict[int, float] = defaultdict(float)
        for station, column in self.grid.column.items():
            half[column] = max(half[column], self.made.half[station][0])
        gaps: dict[int, int] = defaultdict(int)
        for trunk in self.made.trunks.values():
            gaps[trunk.anchor[0]] = max(gaps[trunk.anchor[0]], trunk.anchor[1])
        anchors = [(column, number) for column in range(self.last + 1) for number in range(gaps[column] + 1)]
        least: dict[tuple[int, int], dict[tuple[int, int], float]] = {anchor: {} for anchor in anchors}
        for before, anchor in zip(anchors, anchors[1:]):
            right = BESIDE if before[1] else max(half[before[0]], self.pads[before[0]][1]) + 6
            left = BESIDE if anchor[1] else max(half[anchor[0]], self.pads[anchor[0]][0]) + ARROW
            least[anchor][before] = right + left + 3
        return least


def _slots(count: int) -> list[float]:
    """Where wires enter a gate from above or below, counted from its middle."""
    return [(number - (count - 1) / 2) * SLOT for number in range(count)]
