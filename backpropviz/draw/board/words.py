"""What is told about a step: in a bubble at its gate where the board leaves room for one, and at the bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpropviz.code.breaking import LEADING, broken, columns, width
from backpropviz.draw.board.blocks import HINTED
from backpropviz.draw.board.geometry import Drawing, Ink, Point, Shape, Text, Wire
from backpropviz.draw.board.sizing import FOOTER, HEADER, MARGIN

if TYPE_CHECKING:
    from backpropviz.draw.telling import Told

_SAID = 16.0  # the size of the letters
_MOST = 10  # lines at the bottom
_PAD = 10.0  # between words and the rim of their bubble
_APART = 7.0  # between a bubble and what is drawn beside it
_CELL = 6.0  # how finely places are tried
_FAR = 420.0  # from its gate a bubble says nothing any more
_HIDDEN = 12.0  # as far as this counts a cell that is drawn in between a bubble and its gate
_LOOKED_AT = 100  # places within sight
_LONGER = 10.0  # as far as this counts a further line of a bubble
_NARROW, _WIDE = 30, 60  # characters in a bubble's line, as they are tried

Line = tuple[str, Ink, bool]
Column = tuple[float, list[Line]]  # where lines begin, and these


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def starts(self, x: float, y: float) -> list[Point]:
        """Where on its rim a way to a point may start: the nearest place, and some to either side of it."""
        tried = (
            (min(max(x + aside, self.left), self.right), min(max(y + below, self.top), self.bottom))
            for aside, below in ((0, 0), (-40, 0), (40, 0), (0, -40), (0, 40))
        )
        return list(dict.fromkeys(tried))


def height_of(told: Told, room: float) -> float:
    """The room that words need at the bottom of a picture with `room` from left to right, in pixels."""
    return max(_height(lines) for _, lines in _at_bottom(told, room)) + 24


def height_of_heading(told: Told, room: float) -> float:
    """The same for the words that stand at the bottom in any case."""
    return max(_height(lines) for _, lines in _above_all(told, room)) + 24


def with_words(page: Drawing, told: Told, gate: str = "", free: Free | None = None) -> Drawing:
    """A picture with words about a step.

    Args:
        gate: the id of the shape that they are about. What arrives there, the local derivatives and what is handed
            back stand in a bubble beside it if there is room within sight, else at the bottom with the rest.
        free: where the page has room; it is the same for all pictures of a series.
    """
    made = copy(page)
    made.shapes, made.texts, made.wires = [*page.shapes], [*page.texts], [*page.wires]
    room = page.width - 2 * MARGIN
    heading = _above_all(told, room)
    bottom = page.height - FOOTER - max(_height(lines) for _, lines in heading) - 12
    at_gate = gate != "" and _speak(made, told, gate, free or Free(page), bottom)
    side_by_side = heading if at_gate else _at_bottom(told, room)
    top = page.height - FOOTER - max(_height(lines) for _, lines in side_by_side) - 6
    for left, lines in side_by_side:
        for number, (text, ink, bold) in enumerate(lines):
            x = MARGIN + left + 2 * _SAID * (ink == "red")
            y = top + (number + 0.5) * _SAID * LEADING
            made.texts += [Text("legend", x, y, text, _SAID, ink, bold)] if text else []
    return made


def _at_bottom(told: Told, room: float) -> list[Column]:
    """All words: what is handed back below the rest, in some columns, or beside it, as it takes fewest lines."""
    one = [*_heading(told, room), *_handed(told.lines, room)]
    ways = [[(0.0, one)], *(_dealt(told, room, many) for many in (2, 3) if many <= len(told.lines))]
    if columns(told.title) <= _fitting(room / 2):
        ways.append([(0.0, _heading(told, room / 2)), (room / 2, _handed(told.lines, room / 2))])
    best = min(ways, key=lambda way: max(len(lines) for _, lines in way))
    return [(left, _short(lines)) for left, lines in best]


def _dealt(told: Told, room: float, many: int) -> list[Column]:
    """What is handed back dealt out in columns of a height, below the step."""
    heading, wide = _heading(told, room), room / many
    parts = [_handed((line,), wide) for line in told.lines]
    dealt: list[list[Line]] = [[] for _ in range(many)]
    at, left = 0, sum(map(len, parts))
    for part in parts:
        if dealt[at] and at + 1 < many and len(dealt[at]) + len(part) > -(-left // (many - at)):
            left -= len(dealt[at])
            at += 1
        dealt[at] += part
    blank: list[Line] = [("", "ink", False)] * len(heading)
    return [(number * wide, [*(blank if number else heading), *lines]) for number, lines in enumerate(dealt)]


def _above_all(told: Told, room: float) -> list[Column]:
    """The step with the sentence about its gate below it, or beside it, where that takes fewer lines."""
    one = _heading(told, room)
    left = width(f"{told.title}   ", _SAID * HINTED)
    if left <= room / 2 and len(beside := _sentence(told, room - left)) < len(one):
        return [(0.0, _title(told, room)), (left, beside)]
    return [(0.0, one)]


def _short(lines: list[Line]) -> list[Line]:
    return [*lines[: _MOST - 1], ("⋮", "red", False)] if len(lines) > _MOST else lines


def _height(lines: list[Line]) -> float:
    return len(lines) * _SAID * LEADING


def _fitting(room: float) -> int:
    """How many letters fit in a line."""
    return int(room / width(" ", _SAID * HINTED))


def _heading(told: Told, room: float) -> list[Line]:
    """The step and the sentence about its gate."""
    return [*_title(told, room), *_sentence(told, room)]


def _title(told: Told, room: float) -> list[Line]:
    return [(told.title, "ink", True)] if columns(told.title) <= _fitting(room) else []


def _sentence(told: Told, room: float) -> list[Line]:
    return [(line, "ink", False) for line in textwrap.wrap(told.sentence, _fitting(room))]


def _handed(told: Iterable[str], room: float) -> list[Line]:
    """What arrives and what is handed back, in red."""
    fit = _fitting(room - 2 * _SAID) - 2
    return [
        (line if at == 0 else f"  {line}", "red", False) for text in told for at, line in enumerate(broken(text, fit))
    ]


def _said(told: Told, fit: int) -> list[Line]:
    """The same for a bubble: a part a paragraph, with its equations under its first line."""
    return [
        ("  " * (number > 0) + "  " * (at > 0) + line, "red", False)
        for part in told.parts
        for number, text in enumerate(part)
        for at, line in enumerate(broken(text, fit - 2 * (number > 0)))
    ]


# ---- the bubble ------------------------------------------------------------------------------------------------------


def _speak(page: Drawing, told: Told, gate: str, free: Free, bottom: float) -> bool:
    """Put a bubble beside a gate; whether there was room for it above `bottom`."""
    speaker = next((shape for shape in page.shapes if shape.owner == gate and shape.kind != "badge"), None)
    if speaker is None or not told.lines:
        return False
    found = []
    for fit in range(_NARROW, _WIDE + 1, 10):
        lines = _said(told, fit)
        wide = max(width(line, _SAID * HINTED) for line, _, _ in lines) + 2 * _PAD
        place = free.nearest(speaker, wide, _height(lines) + 2 * _PAD, bottom)
        if place is not None:
            found.append((*place, lines))
    if not found:
        return False
    _, box, way, lines = min(found, key=lambda each: each[0] + _LONGER * len(each[-1]))
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    page.shapes.append(Shape(f"words_{gate}", "words", *middle, box.right - box.left, box.bottom - box.top, told.text))
    page.wires.append(Wire(f"way_{gate}", "legend", "ink", way, f"words_{gate}", gate, arrow=False, lines=[way]))
    for number, (text, ink, bold) in enumerate(lines):
        y = box.top + _PAD + (number + 0.5) * _SAID * LEADING
        page.texts.append(Text("legend", box.left + _PAD, y, text, _SAID, ink, bold))
    return True


class Free:
    """Where a page has room, in cells of a few pixels: sums over all cells above and to the left of each tell at once
    how much is drawn in any box (Crow 1984, summed-area tables)."""

    def __init__(self, page: Drawing):
        self.drawn = np.zeros((int(page.height / _CELL) + 1, int(page.width / _CELL) + 1), dtype=bool)
        self.read = self.drawn.copy()
        for box in (*_texts(page), *_shapes(page, ("badge",))):
            self.read[self._cells(box)] = True
        for box in (*_texts(page), *_shapes(page), *_wires(page)):
            self.drawn[self._cells(box)] = True
        edge = int(MARGIN / _CELL)
        self.drawn[: int(HEADER / _CELL)] = self.drawn[:, :edge] = self.drawn[:, -edge:] = True
        self.sums = np.pad(np.cumsum(np.cumsum(self.drawn, axis=0), axis=1), ((1, 0), (1, 0)))

    def _cells(self, box: Box) -> tuple[slice, slice]:
        left, top = max(0, int(box.left / _CELL)), max(0, int(box.top / _CELL))
        return slice(top, max(top, int(box.bottom / _CELL) + 1)), slice(left, max(left, int(box.right / _CELL) + 1))

    def nearest(self, speaker: Shape, wide: float, high: float, bottom: float) -> tuple[float, Box, list[Point]] | None:
        """The nearest room for a bubble above `bottom`, and how far it is: what lies between it and its gate counts as
        well."""
        down, across = (int((side + 2 * _APART) / _CELL) + 1 for side in (high, wide))
        sums = self.sums[: int(bottom / _CELL) + 2]
        if down >= len(sums) or across >= sums.shape[1]:
            return None
        inside = sums[down:, across:] - sums[:-down, across:] - sums[down:, :-across] + sums[:-down, :-across]
        tops, lefts = (cells * _CELL + _APART for cells in np.nonzero(inside == 0))
        far = np.maximum(0, np.maximum(lefts - speaker.x, speaker.x - lefts - wide))
        far = far + np.maximum(0, np.maximum(tops - speaker.y, speaker.y - tops - high))
        best: tuple[float, Box, list[Point]] | None = None
        near = [at for at in np.argsort(far, kind="stable") if far[at] <= _FAR]
        for at in near[:: len(near) // _LOOKED_AT + 1]:
            if best is not None and far[at] >= best[0]:
                break  # all others are further away, whatever lies between
            box = Box(float(lefts[at]), float(tops[at]), float(lefts[at]) + wide, float(tops[at]) + high)
            for start in box.starts(speaker.x, speaker.y):
                for rim in (_rim(speaker, start), *_sides(speaker)):
                    crossed = self._between(start, rim)
                    if crossed is not None and (best is None or far[at] + _HIDDEN * crossed < best[0]):
                        best = float(far[at]) + _HIDDEN * crossed, box, [start, rim]
        return best

    def _between(self, start: Point, rim: Point) -> float | None:
        """How many cells are drawn in on the way from a bubble to the rim of its gate; None if it runs over text."""
        x, y = start
        steps = int(max(abs(x - rim[0]), abs(y - rim[1])) / 2) + 1
        parts = np.arange(steps + 1) / steps
        rows, columns = (y + (rim[1] - y) * parts) / _CELL, (x + (rim[0] - x) * parts) / _CELL
        way = np.minimum(rows.astype(int), len(self.drawn) - 1), columns.astype(int)
        return None if np.any(self.read[way]) else float(np.sum(self.drawn[way])) * 2 / _CELL


def _shapes(page: Drawing, kinds: tuple[str, ...] = ()) -> Iterator[Box]:
    for shape in page.shapes:
        if not kinds or shape.kind in kinds:
            across, down = shape.width / 2, shape.height / 2
            yield Box(shape.x - across, shape.y - down, shape.x + across, shape.y + down)
    for tile in page.tiles:
        yield Box(tile.x, tile.y, tile.x + tile.width, tile.y + tile.height)


def _texts(page: Drawing) -> Iterator[Box]:
    for text in page.texts:
        half = text.size * LEADING / 2
        yield Box(text.x, text.y - half, text.x + width(text.text, text.size), text.y + half)


def _wires(page: Drawing) -> Iterator[Box]:
    for wire in page.wires:
        for (x1, y1), (x2, y2) in zip(wire.points, wire.points[1:]):
            yield Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _sides(shape: Shape) -> list[Point]:
    """The middles of a gate's four sides."""
    across, down = shape.width / 2, shape.height / 2
    return [
        (shape.x - across, shape.y),
        (shape.x + across, shape.y),
        (shape.x, shape.y - down),
        (shape.x, shape.y + down),
    ]


def _rim(shape: Shape, towards: Point) -> Point:
    """Where the straight line from the middle of a gate to a point leaves it."""
    dx, dy = towards[0] - shape.x, towards[1] - shape.y
    if shape.kind == "round":
        part = shape.width / 2 / max((dx * dx + dy * dy) ** 0.5, 1e-9)
    else:
        part = min(shape.width / 2 / max(abs(dx), 1e-9), shape.height / 2 / max(abs(dy), 1e-9))
    return shape.x + dx * min(part, 1), shape.y + dy * min(part, 1)
