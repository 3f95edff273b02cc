"""Where red wires cross black ones: there the red one gives way, with a small gap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

from backpropviz.draw.board.geometry import Point, Wire

GAP = 5.0  # to either side of a crossing
_NEAR = 0.01


class Levels:
    """The level pieces of wires, by height; pieces of one height do not overlap much, so looking one up is quick."""

    def __init__(self, wires: Iterable[Wire], turned: bool = False):
        found: dict[float, list[tuple[float, float]]] = defaultdict(list)
        for wire in wires:
            for (x1, y1), (x2, y2) in pieces_of(wire):
                if turned:
                    x1, y1, x2, y2 = y1, x1, y2, x2
                if abs(y1 - y2) < _NEAR < abs(x1 - x2):
                    found[round(y1, 2)].append((min(x1, x2), max(x1, x2)))
        self.pieces = {y: _joined(pieces) for y, pieces in found.items()}
        self.heights = sorted(self.pieces)

    def crossing(self, x: float, low: float, high: float) -> Iterator[float]:
        """The heights at which an upright line at `x` crosses them."""
        for y in self.heights[bisect_right(self.heights, low + _NEAR) : bisect_left(self.heights, high - _NEAR)]:
            pieces = self.pieces[y]
            at = bisect_left(pieces, (x - _NEAR,)) - 1
            if at >= 0 and pieces[at][1] > x + _NEAR:
                yield y


def pieces_of(wire: Wire) -> Iterator[tuple[Point, Point]]:
    for line in wire.lines:
        yield from zip(line, line[1:])


def crossings(one: list[Wire], other: list[Wire]) -> dict[str, list[Point]]:
    """For every wire of one kind, the points at which it crosses one of another kind."""
    level, upright = Levels(other), Levels(other, turned=True)
    found: dict[str, list[Point]] = defaultdict(list)
    for wire in one:
        for (x1, y1), (x2, y2) in pieces_of(wire):
            if abs(x1 - x2) < _NEAR:
                found[wire.id] += [(x1, y) for y in level.crossing(x1, min(y1, y2), max(y1, y2))]
            else:
                found[wire.id] += [(x, y1) for x in upright.crossing(y1, min(x1, x2), max(x1, x2))]
    return {id: points for id, points in found.items() if points}


def give_way(red: list[Wire], black: list[Wire]) -> None:
    """Open red wires where black ones cross them."""
    for wire in red:
        wire.lines = [wire.points]
    for wire in black:
        wire.lines = [wire.points]
    met = crossings(red, black)
    for wire in red:
        for x, y in met.get(wire.id, ()):
            wire.lines = list(_opened(wire.lines, x, y))


def _opened(lines: list[list[Point]], x: float, y: float) -> Iterator[list[Point]]:
    for line in lines:
        for at, ((x1, y1), (x2, y2)) in enumerate(zip(line, line[1:])):
            length = abs(x2 - x1) + abs(y2 - y1)
            along = abs(x - x1) + abs(y - y1)
            on = min(x1, x2) - _NEAR < x < max(x1, x2) + _NEAR and min(y1, y2) - _NEAR < y < max(y1, y2) + _NEAR
            if on and GAP < along < length - GAP:
                ux, uy = (x2 - x1) / length, (y2 - y1) / length
                yield [*line[: at + 1], (x - GAP * ux, y - GAP * uy)]
                yield [(x + GAP * ux, y + GAP * uy), *line[at + 1 :]]
                break
        else:
            yield line


def _joined(pieces: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Overlapping pieces made one."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(pieces):
        if joined and start <= joined[-1][1] + _NEAR:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined
