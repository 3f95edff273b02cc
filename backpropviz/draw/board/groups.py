"""Groups on the grid: which columns and rows the line around the steps of one call encloses."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from backpropviz.draw.board.grid import Grid
from backpropviz.draw.board.record import Frame
from backpropviz.draw.board.stations import Station


@dataclass(slots=True, eq=False)
class Surrounded:
    """A group with its first and last column and row. `left` and `right` are the line's distances from these columns.

    `depth` counts the groups around it; `entered_above` tells of a wire into it or out of it above its first row.
    """

    frame: Frame
    depth: int
    columns: tuple[int, int]
    rows: tuple[int, int]
    stations: list[Station] = field(default_factory=list)
    left: float = 0.0
    right: float = 0.0
    entered_above: bool = False


def surroundings(grid: Grid) -> list[Surrounded]:
    """The groups that a line can be drawn around because nothing else stands among their gates. Inputs may: they hang
    within a line wherever a gate inside reads them."""
    members: dict[Frame, list[Station]] = {}
    depths: dict[Frame, int] = {}
    for station in grid.stations:
        for depth, frame in enumerate(station.gate.frames):
            members.setdefault(frame, []).append(station)
            depths[frame] = depth
    standing: dict[int, list[int]] = defaultdict(list)  # the columns of all gates, by row
    for station in grid.stations:
        if station.gate.kind != "input":
            standing[grid.row[station]].append(grid.column[station])
    for row in standing.values():
        row.sort()
    highest, detours = _highest(grid), _detours(grid)
    found = []
    for frame, stations in members.items():
        columns = [grid.column[station] for station in stations]
        rows = [grid.row[station] for station in stations]
        gates = sum(station.gate.kind != "input" for station in stations)
        for around in ([*rows, *detours[frame]], rows):  # detours within a group lie within its line if they can
            each = Surrounded(frame, depths[frame], (min(columns), max(columns)), (min(around), max(around)), stations)
            if _inside(each, standing) == gates:
                each.entered_above = highest.get(frame, each.rows[0]) < each.rows[0]
                found.append(each)
                break
    return found


def _detours(grid: Grid) -> dict[Frame, list[int]]:
    """The rows of the wires that lead from one gate of a group to another."""
    found: dict[Frame, list[int]] = defaultdict(list)
    for route in grid.routes:
        for frame in {*route.link.tail.gate.frames} & {*route.link.head.gate.frames}:
            found[frame].append(route.row)
    return found


def _highest(grid: Grid) -> dict[Frame, int]:
    """The highest row of the wires that lead into a group or out of it."""
    highest: dict[Frame, int] = {}
    for route in grid.routes:
        tail, head = route.link.tail, route.link.head
        row = min(route.row, grid.row[tail], grid.row[head])
        for frame in {*tail.gate.frames} ^ {*head.gate.frames}:
            highest[frame] = min(row, highest.get(frame, row))
    return highest


def _inside(group: Surrounded, standing: dict[int, list[int]]) -> int:
    """How many gates there are between a group's first and last column and row, its own among them."""
    (first, last), (top, bottom) = group.columns, group.rows
    rows = (standing[row] for row in range(top, bottom + 1) if row in standing)
    return sum(bisect_right(row, last) - bisect_left(row, first) for row in rows)
