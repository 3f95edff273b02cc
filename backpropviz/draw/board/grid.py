"""Gives every lane of a board a row, so that as few wires cross as can be found.

A board is a grid of columns and rows. Between two columns is a gap, in which wires may change rows. Cell 2c is column
c, cell 2c + 1 the gap behind it; what is taken in a row is kept as the bits of a number, so that laying thousands of
gates takes no time. A wire leaves its gate to the right, changes rows in the gap behind it, runs level, and enters its
gate from the left, or from below or above where something else comes from the left.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from backpropviz.draw.board.lanes import Lane, columns_of, last_columns, read_lanes
from backpropviz.draw.board.record import Board
from backpropviz.draw.board.stations import Link, Station, read_stations

_TRIES = 60  # orders of the lanes that are tried, as long as wires cross
_FEW = 40  # lanes up to which other orders are tried
_REACH = 12  # rows to either side in which a place is looked for
_HARD = 1000  # a wire through a gate
Side = Literal["left", "below", "above"]


@dataclass(slots=True, eq=False)
class Route:
    """The way of a link: in the gap behind its tail to `row`, level, and into its head from one side."""

    link: Link
    row: int
    enters: Side


@dataclass(slots=True, eq=False)
class Grid:
    """Stations with columns and rows (row 0 is the spine, 1 below it), and the routes between them."""

    stations: list[Station]
    column: dict[Station, int]
    row: dict[Station, int] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    crossings: int = 0


def lay_out(board: Board) -> Grid:
    """Columns, rows and routes for a board: the best of some orders in which its lanes can be laid."""
    stations, main = read_stations(board)
    column = columns_of(stations)
    lanes = read_lanes(stations, main)
    best = _Rows(stations, column, lanes).lay([0.0] * len(lanes))
    draw = random.Random(0)
    for attempt in range(_TRIES if len(lanes) <= _FEW else 0):
        if best.crossings == 0:
            break
        strength = (0.5, 2.0, 8.0)[attempt % 3]
        tried = _Rows(stations, column, lanes, above=attempt % 4 == 3).lay([strength * draw.random() for _ in lanes])
        if tried.crossings < best.crossings:
            best = tried
    return best


class _Rows:
    """Lays one lane after the other into the row where it crosses least."""

    def __init__(self, stations: list[Station], column: dict[Station, int], lanes: list[Lane], above: bool = False):
        self.grid = Grid(stations, column)
        self.lanes, self.above = lanes, above
        self.row: dict[Station, float] = {}  # a row that is laid between two others is numbered by a fraction
        self.routes: list[tuple[Link, float, Side]] = []
        self.runs: dict[float, int] = {0.0: 0}  # of every row, the cells where a wire runs level
        self.gates: dict[float, int] = defaultdict(int)  # where stations are
        self.passes: dict[float, int] = defaultdict(int)  # where a wire passes through the row
        self.uprights: dict[int, list[tuple[float, float, Station]]] = defaultdict(list)  # by their cell
        self.left: set[Station] = set()  # stations entered from the left
        self.nets: dict[tuple[float, int], set[Station]] = defaultdict(set)  # whose wires change rows or start in a gap
        self.turns: dict[tuple[float, int], Station] = {}  # the gate into which a level wire turns at its end
        self.ends = last_columns(stations, column)

    def lay(self, longer: list[float]) -> Grid:
        """Lay all lanes after those they are tied to: the steps of a group first, and short ones before long ones.

        Args:
            longer: how much longer than it is each lane counts.
        """
        home = {station: number for number, lane in enumerate(self.lanes) for station in lane.stations}
        waiting = [0] * len(self.lanes)
        following: dict[int, list[int]] = defaultdict(list)
        for number, lane in enumerate(self.lanes):
            for before in {home[station] for station in lane.ends} - {number}:
                waiting[number] += 1
                following[before].append(number)
        spans = [self._cells(lane)[1] - self._cells(lane)[0] for lane in self.lanes]
        depths = [min((len(station.gate.frames) for station in lane.stations), default=0) for lane in self.lanes]
        turns = [(-depth, span * (1 + more)) for depth, span, more in zip(depths, spans, longer)]
        ready = [((-_HARD, 0.0) if number == 0 else turns[number], number)
                 for number, count in enumerate(waiting) if count == 0]  # fmt: skip
        heapq.heapify(ready)
        while ready:
            _, number = heapq.heappop(ready)
            self._place(self.lanes[number], spine=number == 0)
            for after in following[number]:
                waiting[after] -= 1
                if waiting[after] == 0:
                    heapq.heappush(ready, (turns[after], after))
        return self._numbered()

    def _cells(self, lane: Lane) -> tuple[int, int]:
        """The first and the last cell that a lane needs in its row."""
        column = self.grid.column
        if lane.stations:
            first = 2 * column[lane.entry.tail] + 1 if lane.entry else 2 * column[lane.stations[0]]
            last = 2 * column[lane.exit.head] if lane.exit else 2 * column[lane.stations[-1]]
            return first, last
        assert lane.entry is not None
        return 2 * column[lane.entry.tail] + 1, 2 * column[lane.entry.head]

    def _place(self, lane: Lane, spine: bool) -> None:
        found: tuple[float, float, Side] = (0.0, 0.0, "left") if spine else self._best(lane)
        if found[0] >= 10 * _HARD and lane.stations and lane.exit is not None:
            # no row has a free way both for its gates and from there to its end: that gets a row of its own
            way, lane.exit = lane.exit, None
            self._put(lane, *self._best(lane))
            lane = Lane([], [], way, way)
            found = self._best(lane)
        self._put(lane, *found)

    def _put(self, lane: Lane, cost: float, row: float, enters: Side) -> None:
        self._open(row)
        column = self.grid.column
        first, last = self._cells(lane)
        self.grid.crossings += round(cost // 10)
        for station in lane.stations:
            self.row[station] = row
            self.gates[row] |= 1 << (2 * column[station])
            if station is not lane.stations[0] or lane.entry:
                self.left.add(station)
        self.routes += [(link, row, "left") for link in lane.inner]
        if lane.entry is not None:
            net, cell = lane.entry.tail, 2 * column[lane.entry.tail] + 1
            self._pass(self.row[net], row, cell, net)
            self.nets[row, cell].add(net)
            if lane.stations:
                self.routes.append((lane.entry, row, "left"))
        if lane.exit is not None:
            if enters == "left":
                self.left.add(lane.exit.head)
                last -= 1
            else:
                self._pass(row, self.row[lane.exit.head], last, lane.exit.head)
                self.turns[row, last] = lane.exit.head
            self.routes.append((lane.exit, row, enters))
        self.runs[row] |= _bits(first, last)

    def _open(self, row: float) -> None:
        """Begin a row, perhaps between two others."""
        if row not in self.runs:
            self.runs[row] = 0
            for cell, uprights in self.uprights.items():
                for low, high, net in uprights:
                    if low < row < high:
                        self._through(row, cell, net)

    def _pass(self, one: float, other: float, cell: int, net: Station) -> None:
        """A wire that changes rows."""
        low, high = min(one, other), max(one, other)
        self.uprights[cell].append((low, high, net))
        for row in self.runs:
            if low < row < high:
                self._through(row, cell, net)

    def _through(self, row: float, cell: int, net: Station) -> None:
        self.passes[row] |= 1 << cell
        self.nets[row, cell].add(net)

    def _best(self, lane: Lane) -> tuple[float, float, Side]:
        """The row in which a lane crosses least and lies nearest, and how its exit enters, after what that costs."""
        bases = [self.row[station] for station in lane.ends] or [0.0]
        known = sorted(self.runs)
        if len(known) > 2 * _REACH:
            near = sorted(known, key=lambda each: (min(abs(each - base) for base in bases), each))
            known = sorted({*near[: 2 * _REACH], known[0], known[-1]})
        best = self._best_of(lane, [known[0] - 1, *known, known[-1] + 1])
        if best is None or best[0] >= 10:
            between = [(one + two) / 2 for one, two in zip(known, known[1:])]
            other = self._best_of(lane, between)
            best = other if best is None or (other is not None and other[0] + 0.5 < best[0]) else best
        assert best is not None  # a row of its own is always free
        return best

    def _best_of(self, lane: Lane, candidates: list[float]) -> tuple[float, float, Side] | None:
        first, last = self._cells(lane)
        own = sum(1 << (2 * self.grid.column[station]) for station in lane.stations)
        best: tuple[float, float, Side] | None = None
        for candidate in candidates:
            ways: list[Side] = ["below", "above"]
            if lane.exit is None or (candidate == self.row[lane.exit.head] and lane.exit.head not in self.left):
                ways = ["left"]
            for way in ways:
                cost = self._cost(lane, candidate, way, first, last - (way == "left" and lane.exit is not None), own)
                if cost is not None and (best is None or cost < best[0]):
                    best = cost, candidate, way
        return best

    def _cost(self, lane: Lane, candidate: float, way: Side, first: int, last: int, own: int) -> float | None:
        """What it costs to lay a lane in a row; None where it cannot be."""
        bits = _bits(first, last)
        if bits & (self.runs.get(candidate, 0) | self.gates.get(candidate, 0)):
            return None
        passes = self.passes.get(candidate, 0)
        if candidate not in self.runs:
            for cell in range(first, last + 1):
                passes |= any(low < candidate < high for low, high, _ in self.uprights.get(cell, ())) << cell
        crossings = (bits & passes).bit_count() + _HARD * (own & passes).bit_count()
        if lane.entry is not None and self._passing(candidate, first) == {lane.entry.tail}:
            crossings -= passes >> first & 1  # the same wire, which branches here
        if lane.exit is not None and way != "left" and self._passing(candidate, last) == {lane.exit.head}:
            crossings -= passes >> last & 1  # wires from farther rows, which enter the same gate to the right
        distance = 0.0
        column = self.grid.column
        if lane.entry is not None:
            tail = self.row[lane.entry.tail]
            crossings += self._crossed(tail, candidate, 2 * column[lane.entry.tail] + 1, lane.entry.tail)
            crossings += self._rounds(lane.entry.tail, lane.entry.head) if candidate > tail else 0
            distance += abs(tail - candidate)
        if lane.exit is not None:
            head = self.row[lane.exit.head]
            if (way == "below" and candidate <= head) or (way == "above" and candidate >= head):
                return None
            if way != "left":
                crossings += self._crossed(candidate, head, 2 * column[lane.exit.head], lane.exit.head)
                crossings += self._rounds(lane.exit.head, lane.exit.tail) if way == "below" else 0
            distance += abs(head - candidate)
        above = candidate < 0 and bool(lane.entry)
        return 10.0 * crossings + 0.1 * min(distance, 80) + 0.15 * (above != self.above)

    def _passing(self, row: float, cell: int) -> set[Station] | None:
        """Whose wires change rows, or begin, at a place."""
        if row in self.runs:
            return self.nets.get((row, cell))
        return {net for low, high, net in self.uprights.get(cell, ()) if low < row < high}

    def _crossed(self, one: float, other: float, cell: int, net: Station) -> int:
        """How many wires a wire crosses on its way through rows; a gate counts as many.

        Args:
            net: the station that it comes from, in the gap behind it; or enters, in its column.
        """
        count = 0
        low, high = min(one, other), max(one, other)
        for row, runs in self.runs.items():
            own = self.turns.get((row, cell)) is net if cell % 2 == 0 else self.nets.get((row, cell)) == {net}
            if low < row < high and not own:
                count += (runs >> cell & 1) + _HARD * (self.gates.get(row, 0) >> cell & 1)
        return count

    def _rounds(self, inside: Station, outside: Station) -> int:
        """How many lines a wire crosses below a station: those of loops around it alone that hand on what goes round.
        The last gate of a round is right of its wires."""
        frames = (frame for frame in inside.gate.frames if frame.handed_on and frame not in outside.gate.frames)
        before = self.grid.column[inside]
        behind = self.grid.column[outside] > before
        return sum(not behind or before < self.ends[frame] for frame in frames)

    def _numbered(self) -> Grid:
        """The grid, with its rows numbered from the spine."""
        used = sorted({*self.row.values(), *(row for _, row, _ in self.routes)})
        spine = used.index(0.0)
        number = {row: at - spine for at, row in enumerate(used)}
        self.grid.row = {station: number[row] for station, row in self.row.items()}
        self.grid.routes = [Route(link, number[row], enters) for link, row, enters in self.routes]
        return self.grid


def _bits(first: int, last: int) -> int:
    """The cells from `first` to `last`."""
    return (1 << (last + 1)) - (1 << first)
