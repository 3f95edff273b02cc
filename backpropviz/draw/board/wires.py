"""The double tracks of a board: for every value a black wire that may fan out, and a red one on which gradients meet.

A way is a list of points in the middle between both tracks. On the way forward, black runs on its left-hand side and
red on its right, so that both have the same bends. At its end a red wire joins the one it meets, and from there one
line carries the sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol

from backpropviz.draw.board.anchors import Trunk
from backpropviz.draw.board.blocks import TRACK
from backpropviz.draw.board.geometry import Dot, Point, Wire
from backpropviz.draw.board.grid import Route
from backpropviz.draw.board.stations import Station

HALF = TRACK / 2


class Placing(Protocol):
    """Where things are, as `Places` found it."""

    half: dict[Station, tuple[float, float]]
    slots: dict[Route, float]
    trunks: dict[Station, Trunk]

    def at(self, station: Station) -> Point: ...
    def row_of(self, station: Station) -> int: ...
    def trunk_x(self, trunk: Trunk) -> float: ...
    def level(self, station: Station, row: int) -> float: ...
    def pieces(self, tail: Station, head: Station, row: int) -> list[tuple[Point, Point]]: ...


def beside(points: list[Point], distance: float) -> list[Point]:
    """A level and upright way, moved to its right-hand side, or with a negative distance to its left."""
    normals = []
    for (x1, y1), (x2, y2) in zip(points, points[1:]):
        length = abs(x2 - x1) + abs(y2 - y1) or 1.0
        normals.append((-(y2 - y1) / length * distance, (x2 - x1) / length * distance))
    moved = []
    for at, (x, y) in enumerate(points):
        before, after = normals[max(at - 1, 0)], normals[min(at, len(normals) - 1)]
        if before == after:
            moved.append((x + before[0], y + before[1]))
        else:
            moved.append((x + before[0] + after[0], y + before[1] + after[1]))
    return moved


def straight(points: list[Point]) -> list[Point]:
    """A way without points at which it does not bend."""
    kept = points[:1]
    for point, following in zip(points[1:], [*points[2:], None]):
        if following is not None:
            (x0, y0), (x1, y1), (x2, y2) = kept[-1], point, following
            if abs((x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)) < 1e-9:
                continue
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) > 1e-9:
            kept.append(point)
    return kept


def rim(half: tuple[float, float], round_: bool, offset: float) -> float:
    """How far the rim of a gate is from its middle, `offset` to the side."""
    if not round_:
        return half[1]
    return sqrt(max(half[1] ** 2 - offset**2, 0.0))


@dataclass(slots=True)
class Tracks:
    """All wires and dots of a board."""

    black: list[Wire] = field(default_factory=list)
    red: list[Wire] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)


def lay_tracks(places: Placing, leaving: dict[Station, list[Route]]) -> Tracks:
    tracks = Tracks()
    for station, routes in leaving.items():
        if not routes:
            continue
        net = _Net(places, station, routes)
        net.black(tracks)
        net.red(tracks)
    return tracks


class _Net:
    """The wires of one value."""

    def __init__(self, places: Placing, station: Station, routes: list[Route]):
        self.places, self.station, self.routes = places, station, routes
        self.x, self.y = places.at(station)
        self.home = places.level(station, places.row_of(station))
        trunk = places.trunks.get(station)
        self.trunk = places.trunk_x(trunk) if trunk is not None else 0.0
        self.row = places.row_of(station)
        self._id = id_of(station)

    def black(self, tracks: Tracks) -> None:
        main = self._main(self.routes)
        for route in self.routes:
            ways = self._ways(route)
            lines = [beside(way, -HALF) for way in ways]
            if route is not main:
                joint = self._joint(route, self.routes, -HALF)
                lines[0] = _from(lines[0], joint)
                tracks.dots.append(Dot(f"fan_{route.link.use.number}", *joint, "ink", self._id))
            self._add(tracks.black, route, lines, f"forward_{route.link.use.number}", "ink")

    def red(self, tracks: Tracks) -> None:
        routes = [route for route in self.routes if route.link.use.terms is not None]
        if not routes:
            return
        main = self._main(routes)
        joints = []
        for route in routes:
            number = route.link.use.number
            lines = [beside(way, HALF) for way in self._ways(route)]
            if route is not main:
                joint = self._joint(route, routes, HALF)
                joints.append(joint)
                lines[0] = _from(lines[0], joint)
                tracks.dots.append(Dot(f"meet_{number}", *joint, "red", f"backward_{number}"))
                self._add(tracks.red, route, lines, f"backward_{number}", "red")
        lines = [beside(way, HALF) for way in self._ways(main)]
        number = main.link.use.number
        if joints:  # the last piece before the gate carries the sum
            first, rest = _cut(lines[0], joints)
            wire = Wire(
                f"sum_{self.station.gate.id}",
                f"sum_{self.station.gate.id}",
                "red",
                straight(first[::-1]),
                self._id,
                self._id,
            )
            wire.told = self.station.gate.sum
            tracks.red.append(wire)
            lines[0] = rest
        self._add(tracks.red, main, lines, f"backward_{number}", "red", ends=not joints)

    def _add(
        self, wires: list[Wire], route: Route, lines: list[list[Point]], id: str, ink: str, ends: bool = True
    ) -> None:
        told = "; ".join(route.link.use.terms or ())
        tail, head = self._id, route.link.head.gate.id
        for number, line in enumerate(lines):
            name = id if number == 0 else f"{id}_{number + 1}"
            if ink == "ink":
                wires.append(Wire(name, id, "ink", straight(line), tail, head, number == len(lines) - 1))
            else:
                arrow = number > 0 or ends
                wires.append(Wire(name, id, "red", straight(line[::-1]), head, tail, arrow, told))

    # ---- branching ---------------------------------------------------------------------------------------------------

    def _main(self, routes: list[Route]) -> Route:
        """The route that the others branch off: the level one, or the one that leads farthest down or else up."""
        level = [route for route in routes if route.row == self.row]
        return level[0] if level else max(routes, key=lambda route: (route.row > self.row, abs(route.row - self.row)))

    def _joint(self, route: Route, routes: list[Route], side: float) -> Point:
        """Where a route leaves the others, on the left-hand (negative) or right-hand track."""
        down = route.row > self.row
        x = self.trunk - side if down else self.trunk + side
        same = [each for each in routes if each.row != self.row and (each.row > self.row) == down]
        farthest = max(same, key=lambda each: abs(each.row - self.row))
        if route is farthest:
            return x, self.home + side
        return x, self.places.level(self.station, route.row) + side

    def _ways(self, route: Route) -> list[list[Point]]:
        """The middle of a route, in one piece for every row of the page that it runs through."""
        places, head = self.places, route.link.head
        half = places.half[self.station]
        round_ = is_round(self.station, half)
        start = (self.x + (sqrt(half[0] ** 2 - HALF**2) if round_ else half[0]), self.home)
        pieces = places.pieces(self.station, head, route.row)
        ways: list[list[Point]] = [[] for _ in range(len(pieces) + 1)] if pieces else [[]]
        level = places.level(self.station, route.row)
        ways[0].append(start)
        if route.row != self.row:
            ways[0] += [(self.trunk, self.home), (self.trunk, level)]
        for number, (end, begin) in enumerate(pieces):
            ways[number].append(end)
            ways[number + 1].append(begin)
        x, y = places.at(head)
        half = places.half[head]
        round_ = is_round(head, half)
        arriving = places.level(head, route.row)
        if route.enters == "left":
            ways[-1].append((x - (sqrt(half[0] ** 2 - HALF**2) if round_ else half[0]), arriving))
        else:
            slot = places.slots[route]
            edge = rim(half, round_, abs(slot) + HALF)
            ways[-1] += [(x + slot, arriving), (x + slot, y + edge if route.enters == "below" else y - edge)]
        return ways


def id_of(station: Station) -> str:
    """The id of its shape; the chips of an input have their own."""
    return f"chip_{station.leaving[0].use.number}" if station.chip else station.gate.id


def is_round(station: Station, half: tuple[float, float]) -> bool:
    return station.gate.kind == "gate" and half[0] == half[1]


def _from(line: list[Point], joint: Point) -> list[Point]:
    """What is left of a line behind a point on it."""
    for at, ((x1, y1), (x2, y2)) in enumerate(zip(line, line[1:])):
        inside = min(x1, x2) - 1e-6 <= joint[0] <= max(x1, x2) + 1e-6
        if inside and min(y1, y2) - 1e-6 <= joint[1] <= max(y1, y2) + 1e-6:
            return [joint, *line[at + 1 :]]
    return line


def _cut(line: list[Point], joints: list[Point]) -> tuple[list[Point], list[Point]]:
    """A line up to the first of some points on it, and the rest."""
    for at, ((x1, y1), (x2, y2)) in enumerate(zip(line, line[1:])):
        on = [
            joint
            for joint in joints
            if min(x1, x2) - 1e-6 <= joint[0] <= max(x1, x2) + 1e-6
            and min(y1, y2) - 1e-6 <= joint[1] <= max(y1, y2) + 1e-6
        ]
        if on:
            joint = min(on, key=lambda each: abs(each[0] - x1) + abs(each[1] - y1))
            return [*line[: at + 1], joint], [joint, *line[at + 1 :]]
    return line[:1] * 2, line
