"""Cuts the stations of a board into lanes: the spine, the detours that leave it and come back, and wires that skip.

The spine is followed back from the output. At a gate whose operands are not alike (`x - mu`, where mu is stretched) it
is the one with the shape of the result that the eye follows, else the one with the longest way behind it. What is left
falls into chains, each of which starts where it leaves an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backpropviz.draw.board.record import Frame
from backpropviz.draw.board.stations import Link, Station


@dataclass(slots=True, eq=False)
class Lane:
    """Stations that stand level, one after the other, or none: then it is a wire that skips what is between its ends.

    Attributes:
        inner: the links from one station to the next.
        entry, exit: the links from and to stations of earlier lanes; a lane without stations has the same for both.
    """

    stations: list[Station]
    inner: list[Link]
    entry: Link | None = None
    exit: Link | None = None

    @property
    def ends(self) -> list[Station]:
        """The stations of other lanes that it is tied to."""
        return [*([self.entry.tail] if self.entry else []), *([self.exit.head] if self.exit else [])]


def columns_of(stations: list[Station]) -> dict[Station, int]:
    """A column for every station, right of all that it uses; what waits for nothing stands just before its use."""
    column: dict[Station, int] = {}
    follows: set[Station] = set()  # what depends on the first station
    for number, station in enumerate(stations):
        before = [column[link.tail] for link in station.entering]
        column[station] = max(before, default=-1) + 1
        if number == 0 or any(link.tail in follows for link in station.entering):
            follows.add(station)
    for station in reversed(stations):
        if station not in follows and station.leaving:
            column[station] = min(column[link.head] for link in station.leaving) - 1
    last = last_columns(stations, column)
    for station in stations:
        if station.gate.kind == "end":  # a value leaves the board right of the groups that it is made in
            column[station] = 1 + max(
                column[link.tail] if not link.tail.gate.frames else last[link.tail.gate.frames[0]]
                for link in station.entering
            )
    return column


def last_columns(stations: list[Station], column: Mapping[Station, int]) -> dict[Frame, int]:
    """The last column of every group."""
    last: dict[Frame, int] = {}
    for station in stations:
        last.update((frame, max(column[station], last.get(frame, 0))) for frame in station.gate.frames)
    return last


def read_lanes(stations: list[Station], main: Station | None) -> list[Lane]:
    """The lanes of a board, the spine first; each is tied to earlier ones only."""
    behind, ahead = _ways(stations)
    lanes = [_spine(stations, main, behind)]
    taken = set(lanes[0].stations)
    back = set(lanes[0].stations)
    back.update(each for each in reversed(stations) if any(link.head in back for link in each.leaving))
    drawn = set(lanes[0].inner)
    rest = [station for station in stations if station not in taken]
    order = {station: number for number, station in enumerate(stations)}
    for start in sorted(rest, key=lambda station: (-behind[station] - ahead[station], order[station])):
        if start not in taken:
            lanes.append(_chain(start, taken, back, behind, ahead))
            drawn.update(lanes[-1].inner)
    home = {station: number for number, lane in enumerate(lanes) for station in lane.stations}
    for number, lane in enumerate(lanes[1:], 1):
        lane.entry = _tie([link for link in lane.stations[0].entering if home[link.tail] < number], drawn, behind)
        lane.exit = _tie([link for link in lane.stations[-1].leaving if home[link.head] < number], drawn, behind)
    left = [link for station in stations for link in station.leaving if link not in drawn]
    return [*lanes, *(Lane([], [], link, link) for link in left)]


def _tie(links: list[Link], drawn: set[Link], behind: dict[Station, float]) -> Link | None:
    """The link that a lane begins or ends with; the others become wires of their own."""
    if not links:
        return None
    link = max(links, key=lambda link: behind[link.tail])
    drawn.add(link)
    return link


def _ways(stations: list[Station]) -> tuple[dict[Station, float], dict[Station, float]]:
    """How long the longest ways are that lead to every station, and from it."""
    behind: dict[Station, float] = {}
    ahead: dict[Station, float] = {}
    for station in stations:
        behind[station] = station.weight + max((behind[link.tail] for link in station.entering), default=0.0)
    for station in reversed(stations):
        ahead[station] = max((ahead[link.head] + link.head.weight for link in station.leaving), default=0.0)
    return behind, ahead


def _spine(stations: list[Station], main: Station | None, behind: dict[Station, float]) -> Lane:
    if main is None:
        end = max(stations, key=lambda station: behind[station])
        reached = set(stations)
    else:
        reached = {main}
        for station in stations:
            if any(link.tail in reached for link in station.entering):
                reached.add(station)
        ends = [station for station in stations if station.gate.kind == "end" and station in reached]
        end = ends[0] if ends else max(reached, key=lambda station: behind[station])
    path, inner = [end], []
    while path[-1] is not main:
        links = [link for link in path[-1].entering if link.tail in reached]
        if not links:
            break
        gate = path[-1].gate
        alike = [link for link in links if gate.entrywise and link.tail.gate.shape == gate.shape]
        link = max(alike or links, key=lambda link: behind[link.tail])
        inner.append(link)
        path.append(link.tail)
    return Lane(path[::-1], inner[::-1])


def _chain(
    start: Station, taken: set[Station], back: set[Station], behind: dict[Station, float], ahead: dict[Station, float]
) -> Lane:
    """The longest chain through a station that touches no earlier lane.

    Args:
        back: the stations from which there is a way to the spine.
    """
    path, inner = [start], []
    while True:
        links = [link for link in path[-1].leaving if link.head not in taken]
        if not links or (path[-1] in back and not any(link.head in back for link in links)):
            break  # what leads nowhere is a lane of its own: this one comes back to those before it
        inner.append(max(links, key=lambda link: (link.head in back, ahead[link.head])))
        path.append(inner[-1].head)
    while True:
        links = [link for link in path[0].entering if link.tail not in taken]
        if not links:
            break
        inner.insert(0, max(links, key=lambda link: behind[link.tail]))
        path.insert(0, inner[0].tail)
    taken.update(path)
    return Lane(path, inner)
