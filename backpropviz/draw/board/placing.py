"""Distances from top to bottom, and where everything is: what `spacing` found, with y for every row.

A long board is cut into rows of the page, like text; each of these segments has rows of its own heights.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from functools import cached_property

from backpropviz.code.breaking import LEADING, broken, width
from backpropviz.draw.board.anchors import APART_ELSE, ARROW, BESIDE, INSET, Anchor, Hung, Placed, Spacing, Trunk
from backpropviz.draw.board.blocks import BADGE, HINTED, SIZE, Block, badge_width
from backpropviz.draw.board.geometry import Point
from backpropviz.draw.board.grid import Route
from backpropviz.draw.board.groups import Surrounded
from backpropviz.draw.board.heights import HALF, Heights, Key
from backpropviz.draw.board.stations import Station

ROW_GAP = 13.0  # between the texts of two rows
PAGE_GAP = 34.0  # between the rows of the page that a long board is cut into
AROUND = SIZE * LEADING + 20.0  # below the line around a loop: what goes round
ELBOW = 18.0  # a wire from a box that is led to its slot
FREE = 0.5  # of the room for a title, where a wire runs through it
_CUT = 12.0  # beyond a row of the page: the line around a group that goes on in another one


class Places:
    """Where everything on a board is.

    Args:
        stretched: how much wider each segment becomes, in all.
    """

    def __init__(self, spacing: Spacing, stretched: list[float] | None = None):
        self.spacing, self.grid = spacing, spacing.grid
        self.half, self.slots, self.trunks = spacing.half, spacing.slots, spacing.trunks
        self.starts = [first for first, _ in spacing.segments]
        more = stretched or [0.0] * len(spacing.widths)
        self.widths = [wide + extra for wide, extra in zip(spacing.widths, more)]
        self.x = self._stretched(stretched) if stretched else spacing.x
        self.rows = self._rows()
        self.in_row: dict[Key, list[Station]] = defaultdict(list)
        for station in self.grid.stations:
            self.in_row[self.key(station)].append(station)
        self._ordered: dict[tuple[int, str], list[Anchor]] = {}
        self._grown: dict[tuple[int, str, Anchor], list[float]] = {}
        self.blocks = {placed: placed.block for placed in spacing.placed}
        self.left = {placed: self._grow(placed) for placed in spacing.placed}
        self.under = {hung: self._under(at, hung) for at, boxes in spacing.hung.items() for hung in boxes}
        self.heights = self._heights()
        self.y: dict[Key, float] = {}
        self.height = 0.0
        self.stack()

    def key(self, station: Station) -> Key:
        return self.segment(self.grid.column[station]), self.grid.row[station]

    def segment(self, column: int) -> int:
        return bisect_right(self.starts, column) - 1

    def row_of(self, station: Station) -> int:
        return self.grid.row[station]

    def at(self, station: Station) -> Point:
        return self.x[self.grid.column[station], 0], self.y[self.key(station)]

    def trunk_x(self, trunk: Trunk) -> float:
        return self.x[trunk.anchor]

    def level(self, station: Station, row: int) -> float:
        return self.y[self.segment(self.grid.column[station]), row]

    def pieces(self, tail: Station, head: Station, row: int) -> list[tuple[Point, Point]]:
        """Where a level wire is cut: the end of a segment, and the beginning of the next."""
        first, last = self.segment(self.grid.column[tail]), self.segment(self.grid.column[head])
        return [((self.widths[each], self.y[each, row]), (0.0, self.y[each + 1, row])) for each in range(first, last)]

    # ---- from left to right ------------------------------------------------------------------------------------------

    def _stretched(self, stretched: list[float]) -> dict[tuple[int, int], float]:
        x: dict[tuple[int, int], float] = {}
        for (first, last), extra in zip(self.spacing.segments, stretched):
            anchors = [anchor for anchor in self.spacing.x if first <= anchor[0] <= last]
            columns = max(sum(anchor[1] == 0 for anchor in anchors), 1)
            x.update((each, self.spacing.x[each] + extra * (each[0] - first) / columns) for each in anchors)
        return x

    def _rows(self) -> list[list[int]]:
        """The rows that each segment has."""
        found: list[set[int]] = [set() for _ in self.starts]
        for station in self.grid.stations:
            found[self.segment(self.grid.column[station])].add(self.grid.row[station])
        for route in self.grid.routes:
            first, last = (self.grid.column[each] for each in (route.link.tail, route.link.head))
            for each in range(self.segment(first), self.segment(last) + 1):
                found[each].add(route.row)
        return [sorted(rows) for rows in found]

    def _grow(self, placed: Placed) -> tuple[float, bool]:
        """As `_left`; what stands beside a block keeps off what it has become."""
        left, close = self._left(placed)
        x, key = self.x[placed.anchor], (placed.row, placed.band, placed.anchor)
        before, behind = self._grown.get(key, self.spacing.extents[placed.row, placed.band][placed.anchor])
        right = left + self.blocks[placed].width
        self._grown[key] = [max(before, x - left), max(behind, right - x)]
        return left, close

    def _left(self, placed: Placed) -> tuple[float, bool]:
        """The left end of a block, and for a formula whether it stands right below its wire, between two gates.

        Formulas are broken into fewer lines where there is room for that.
        """
        x = self.x[placed.anchor] + placed.offset
        if placed.band != "formulas":
            return x, False
        segment = self.segment(placed.anchor[0])
        if placed.ends:
            return self._before(placed, segment, x + placed.block.width)
        start, limit = x, self.widths[segment]
        for left, right in self._gates_at(segment, placed.row, x):
            if left <= x < right:
                start = right + 7
            elif left > x:
                limit = min(limit, left - ARROW)
        following = self._next_to(placed.row, placed.band, placed.anchor, 1)
        if following is not None and following[0][0] <= self.spacing.segments[segment][1]:
            limit = min(limit, self.x[following[0]] - following[1][0] - APART_ELSE)
        for room in (limit - start, limit - x):
            block = self.blocks[placed] = self.blocks[placed].widened(room)
            if block.width <= limit - start:
                return start, True
        return x, False

    def _gates_at(self, segment: int, row: int, x: float) -> list[tuple[float, float]]:
        """The left and right ends of the gates of a row that are nearest to a place: one before it, and two behind.

        Where a wire ends there is no gate: formulas may stand below."""
        spans = self._spans[segment, row]
        at = bisect_right(spans, (x, float("inf")))
        return spans[max(at - 1, 0) : at + 2]

    @cached_property
    def _spans(self) -> dict[Key, list[tuple[float, float]]]:
        spans: dict[Key, list[tuple[float, float]]] = defaultdict(list)
        for key, stations in self.in_row.items():
            gates = [each for each in stations if each.gate.kind != "end"]
            places = ((self.x[self.grid.column[each], 0], self.half[each][0]) for each in gates)
            spans[key] = sorted((middle - half, middle + half) for middle, half in places)
        return spans

    def _next_to(self, row: int, band: str, anchor: Anchor, step: int) -> tuple[Anchor, list[float]] | None:
        """What stands before (-1) or behind (1) an anchor in a band: its anchor, and how far it reaches."""
        extents = self.spacing.extents[row, band]
        if (row, band) not in self._ordered:
            self._ordered[row, band] = sorted(extents)
        order = self._ordered[row, band]
        at = bisect_left(order, anchor) + step
        if not 0 <= at < len(order):
            return None
        return order[at], self._grown.get((row, band, order[at]), extents[order[at]])

    def _before(self, placed: Placed, segment: int, end: float) -> tuple[float, bool]:
        """A block that ends at a gate, in fewer lines if the wire before it is long."""
        start = 0.0
        before = self._next_to(placed.row, placed.band, placed.anchor, -1)
        if before is not None and before[0][0] >= self.spacing.segments[segment][0]:
            start = self.x[before[0]] + before[1][1] + APART_ELSE
        spans = self._gates_at(segment, placed.row, end - 1)
        start = max([start, *(right + 8 for _, right in spans if right < end)])
        block = self.blocks[placed] = placed.block.widened(end - start)
        left = end - block.width
        return left, all(right < left or near > end for near, right in spans)

    def _under(self, station: Station, hung: Hung) -> Block:
        """The formulas beside the wire from a box, in fewer lines where there is room."""
        column, at = self.grid.column[station], self.x[self.grid.column[station], 0]
        if hung is not self.spacing.hung[station][-1]:
            return hung.block
        segment, row = self.key(station)
        right = self.widths[segment]
        following = self._next_to(row, "boxes", (column, 0), 1)
        if following is not None and following[0][0] <= self.spacing.segments[segment][1]:
            right = min(right, self.x[following[0]] - following[1][0] - APART_ELSE)
        for each in self._ending[column]:
            if each.rows[0] <= row <= each.rows[1]:
                right = min(right, at + each.right - INSET)
        return hung.block.widened(right - at - hung.x - BESIDE)

    # ---- from top to bottom ------------------------------------------------------------------------------------------

    def _heights(self) -> Heights:
        heights = Heights()

        def raised(band: dict[Key, float], key: Key, height: float) -> None:
            band[key] = max(band[key], height)

        for station in self.grid.stations:
            key, badge = self.key(station), station.gate.badge
            raised(heights.gates, key, self.half[station][1])
            round_ = self.half[station][0] == self.half[station][1]
            above = 0.0 if not badge else 14.0 if badge_width(badge) > BADGE else 5.0 if round_ else 10.0
            raised(heights.names, key, self.half[station][1] + above)
            for hung in self.spacing.hung.get(station, ()):
                raised(heights.boxes, key, self.box_height(hung))
                raised(heights.texts, key, max(self.under[hung].height, 12.0))
                raised(heights.elbows, key, ELBOW * self.elbows(station))
        for placed, block in self.blocks.items():
            key = self.segment(placed.anchor[0]), placed.row
            if placed.band == "names":
                raised(heights.names, key, HALF + 5 + block.height)
            elif placed.band == "arrays":
                raised(heights.arrays, key, block.height + 6)
            else:
                raised(heights.formulas, key, (HALF if self.left[placed][1] else heights.gates[key]) + 5 + block.height)
        for route in self.grid.routes:  # the names of wires that come from the segment above
            first, last = (self.segment(self.grid.column[each]) for each in (route.link.tail, route.link.head))
            for segment in range(first + 1, last + 1):
                raised(heights.names, (segment, route.row), HALF + 5 + SIZE * LEADING)
        for each in self.spacing.surrounded:
            for segment in self.segments(each):
                if rows := self.group_rows(each, segment):
                    wide = self.group_x(each, segment)
                    heights.roofs[segment, rows[0]] += len(self.group_title(each, wide)) * SIZE * LEADING + 10
                    heights.floors[segment, rows[-1]] += 10.0 + (AROUND if self.goes_round(each, segment) else 0.0)
        return heights

    def stack(self, lift: float = 0.0) -> None:
        """Find y of every row, and the height of it all; rows stand farther apart by `lift`."""
        y = 0.0
        for segment, rows in enumerate(self.rows):
            y += PAGE_GAP + lift if segment else 0.0
            for number, row in enumerate(rows):
                key = segment, row
                y += ROW_GAP + lift if number else 0.0
                self.y[key] = y + self.heights.roofs[key] + self.heights.top(key)
                y = self.y[key] + self.heights.bottom(key) + self.heights.floors[key]
        self.height = y

    def elbows(self, station: Station) -> int:
        """How many wires from boxes have to be led sideways, one below the other."""
        hung = self.spacing.hung[station]
        left = sum(each.x < each.slot - 1 for each in hung)
        right = sum(each.x > each.slot + 1 for each in hung)
        return max(left, right)

    @staticmethod
    def box_height(hung: Hung) -> float:
        return len(hung.box) * SIZE * 1.2 + (6 if hung.pin.chip else 12)

    # ---- groups ------------------------------------------------------------------------------------------------------

    def segments(self, each: Surrounded) -> range:
        """The segments that the line around a group runs in."""
        return range(self.segment(each.columns[0]), self.segment(each.columns[1]) + 1)

    @cached_property
    def _ending(self) -> dict[int, list[Surrounded]]:
        """The groups that end at a column."""
        found: dict[int, list[Surrounded]] = defaultdict(list)
        for each in self.spacing.surrounded:
            found[each.columns[1]].append(each)
        return found

    def group_rows(self, each: Surrounded, segment: int) -> list[int]:
        return [row for row in self.rows[segment] if each.rows[0] <= row <= each.rows[1]]

    def group_x(self, each: Surrounded, segment: int) -> tuple[float, float]:
        """From where to where the line around a group runs in one of its segments."""
        first, last = self.spacing.segments[segment]
        left = self.x[each.columns[0], 0] - each.left + INSET / 4 if each.columns[0] >= first else -_CUT
        right = (
            self.x[each.columns[1], 0] + each.right - INSET / 4
            if each.columns[1] <= last
            else _CUT + self.widths[segment]
        )
        return left, right

    def goes_round(self, each: Surrounded, segment: int) -> bool:
        """Whether what a loop's rounds hand on is drawn below this part of the line around it: below the widest."""
        if not each.frame.handed_on:
            return False
        ends = {part: self.group_x(each, part) for part in self.segments(each) if self.group_rows(each, part)}
        return segment == max(ends, key=lambda part: ends[part][1] - ends[part][0])

    def group_title(self, each: Surrounded, wide: tuple[float, float]) -> tuple[str, ...]:
        """The title in lines; in shorter ones where a wire comes in from above, so that they find room beside it."""
        share = FREE if each.entered_above else 1.0
        room = int(share * (wide[1] - wide[0] - 12) / width(" ", SIZE * HINTED))
        lines, (head, _, often) = broken(each.frame.title, room), each.frame.title.partition(": ")
        apart = (*broken(f"{head}:", room), *broken(often, room)) if often else lines
        return apart if 1 < len(lines) >= len(apart) else lines

    @cached_property
    def leaving(self) -> dict[Station, list[Route]]:
        found: dict[Station, list[Route]] = {station: [] for station in self.grid.stations}
        for route in self.grid.routes:
            found[route.link.tail].append(route)
        return found
