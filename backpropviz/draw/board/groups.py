"""Groups on the grid: which columns and rows the line around the steps of one call encloses."""

from __future__ import annotations

from dataclasses import dataclass, field

from backpropviz.draw.board.grid import Grid
from backpropviz.draw.board.record import Frame
from backpropviz.draw.board.stations import Station


@dataclass(slots=True, eq=False)
class Surrounded:
    """A group with its first and last column and row. `left` and `right` are the line's distances from these columns.

    `depth` counts the groups around it.
    """

    frame: Frame
    depth: int
    columns: tuple[int, int]
    rows: tuple[int, int]
    stations: list[Station] = field(default_factory=list)
    left: float = 0.0
    right: float = 0.0


def surroundings(grid: Grid) -> list[Surrounded]:
    """The groups that a line can be drawn around because nothing else stands among their gates."""
    members: dict[Frame, list[Station]] = {}
    depths: dict[Frame, int] = {}
    for station in grid.stations:
        for depth, frame in enumerate(station.gate.frames):
            members.setdefault(frame, []).append(station)
            depths[frame] = depth
    found = []
    for frame, stations in members.items():
        columns = [grid.column[station] for station in stations]
        rows = [grid.row[station] for station in stations]
        each = Surrounded(frame, depths[frame], (min(columns), max(columns)), (min(rows), max(rows)), stations)
        if not any(_is_inside(grid, each, station) for station in grid.stations if frame not in station.gate.frames):
            found.append(each)
    return found


def _is_inside(grid: Grid, group: Surrounded, station: Station) -> bool:
    column, row = grid.column[station], grid.row[station]
    return group.columns[0] <= column <= group.columns[1] and group.rows[0] <= row <= group.rows[1]
