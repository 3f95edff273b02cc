"""Draws a board whose places are known: all shapes, wires and texts of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import pairwise, takewhile
from operator import itemgetter

from backpropviz.code.breaking import LEADING, width
from backpropviz.draw.board.anchors import BESIDE, Hung, Placed
from backpropviz.draw.board.blocks import BADGE, DIGITS, SIZE, Block, Numbers, Run, badge_width
from backpropviz.draw.board.crossings import give_way
from backpropviz.draw.board.geometry import Drawing, Ink, Outline, Shape, Text, Tile, Wire
from backpropviz.draw.board.groups import Surrounded
from backpropviz.draw.board.heights import BELOW_BOX, HALF
from backpropviz.draw.board.placing import AROUND, ELBOW, Places
from backpropviz.draw.board.record import Frame
from backpropviz.draw.board.stations import Station
from backpropviz.draw.board.wires import beside, id_of, is_round, lay_tracks, rim, straight


def draw(places: Places) -> Drawing:
    """The drawing of a board, without title and legend."""
    return _Draft(places).draw()


class _Draft:
    def __init__(self, places: Places):
        self.places, self.spacing, self.grid = places, places.spacing, places.grid
        self.drawing = Drawing(max(places.widths, default=0.0), places.height)
        tracks = lay_tracks(places, places.leaving)
        self.black, self.red = tracks.black, tracks.red
        self.drawing.dots = tracks.dots

    def draw(self) -> Drawing:
        for station in self.grid.stations:
            self._gate(station)
            for hung, depth in zip(self.spacing.hung.get(station, ()), self._depths(station)):
                self._hung(station, hung, depth)
        for placed in self.spacing.placed:
            self._placed(placed)
        self._continued()
        self._outlines()
        give_way(self.red, self.black)
        self.drawing.wires = [*self.red, *self.black]
        return self.drawing

    # ---- gates and boxes ---------------------------------------------------------------------------------------------

    def _gate(self, station: Station) -> None:
        gate, (x, y), (half, high) = station.gate, self.places.at(station), self.places.half[station]
        id, kind = id_of(station), gate.kind
        round_ = is_round(station, (half, high))
        look = "chip" if station.chip else "round" if round_ else kind
        self.drawing.shapes.append(Shape(id, look, x, y, 2 * half, 2 * high, gate.told))
        self._centred(id, self.spacing.written[station], x, y)
        if not gate.badge:
            return
        size = badge_width(gate.badge)
        at = (x - half * 0.72, y - high * 0.78) if round_ else (x - half, y - high)
        if size > BADGE:  # clear of what enters from above or the left
            at = (x - 15 - size / 2, y - high) if round_ else (x - half - 2, y - high - 2)
        self.drawing.shapes.append(Shape(id, "badge", *at, size, BADGE))
        text = width(gate.badge, SIZE)
        self.drawing.texts.append(Text(id, at[0] - text / 2, at[1], gate.badge, SIZE, "paper", True))

    def _centred(self, owner: str, lines: list[list[Run]], x: float, y: float) -> None:
        """Lines of text around the middle of a gate or box."""
        top = y - sum(line[0].size * 1.2 for line in lines) / 2
        for line in lines:
            left = x - sum(run.width for run in line) / 2
            for run in line:
                self.drawing.texts.append(
                    Text(owner, left, top + run.size * 0.6, run.text, run.size, run.ink, run.bold)
                )
                left += run.width
            top += line[0].size * 1.2

    def _depths(self, station: Station) -> list[int]:
        """How deep every hung wire turns to its slot: the outermost lowest, so that none crosses another."""
        hung = self.spacing.hung.get(station, [])
        left = [each for each in hung if each.x < each.slot - 1]
        right = [each for each in hung if each.x > each.slot + 1]
        depths = {each: len(left) - number for number, each in enumerate(left)}
        depths |= {each: number + 1 for number, each in enumerate(right)}
        return [depths.get(each, 0) for each in hung]

    def _hung(self, station: Station, hung: Hung, depth: int) -> None:
        """A box above a gate, its wire, and the formula beside it."""
        places, heights = self.places, self.places.heights
        (x, y), half, key = places.at(station), places.half[station], places.key(station)
        use, gate = hung.pin.use, hung.pin.gate
        roof = y - heights.names[key] - heights.arrays[key]  # above it hang the boxes
        bottom = roof - heights.elbows[key] - heights.texts[key] - BELOW_BOX
        box_x, high = x + hung.x, places.box_height(hung)
        box, look = (f"chip_{use.number}", "chip") if hung.pin.chip else (gate.id, "input")
        shape = Shape(box, "chip" if look == "chip" else "input", box_x, bottom - high / 2, hung.width, high, gate.told)
        self.drawing.shapes.append(shape)
        self._centred(box, hung.box, box_x, bottom - high / 2)
        way = [(box_x, bottom)]
        if depth:
            turn = roof - heights.elbows[key] + ELBOW * (depth - 0.6)
            way += [(box_x, turn), (x + hung.slot, turn)]
        way.append((x + hung.slot, y - rim(half, is_round(station, half), abs(hung.slot) + HALF)))
        forward, backward = f"forward_{use.number}", f"backward_{use.number}"
        # red runs on the right, where its formula stands
        self.black.append(Wire(forward, forward, "ink", straight(beside(way, HALF)), box, station.gate.id))
        if use.terms is not None:
            back = straight(beside(way, -HALF))[::-1]
            self.red.append(Wire(backward, backward, "red", back, station.gate.id, box, told="; ".join(use.terms)))
        self._block(gate.id, places.under[hung], box_x + BESIDE, bottom + 5)

    # ---- texts -------------------------------------------------------------------------------------------------------

    def _placed(self, placed: Placed) -> None:
        places, heights = self.places, self.places.heights
        key = places.segment(placed.anchor[0]), placed.row
        y, block = places.y[key], places.blocks[placed]
        x, close = places.left[placed]
        if placed.band == "names":
            top = y - HALF - 4 - block.height
        elif placed.band == "arrays":
            top = y - heights.names[key] - 3 - block.height
        else:
            top = y + (HALF if close else heights.gates[key]) + 4
        self._block(placed.owner, block, x, top)

    def _block(self, owner: str, block: Block, x: float, top: float) -> None:
        for line in block.lines:
            size = max(run.size for run in line)
            left, y = x, top + size * LEADING / 2
            for run in line:
                if run.text.strip():
                    text = Text(run.owner or owner, left, y, run.text, run.size, run.ink, run.bold)
                    self.drawing.texts.append(text)
                left += run.width
            top += size * LEADING
        if block.array is not None:
            shown = f"sum_{owner}" if block.array.ink == "red" else owner
            self._array(shown, block.array, x, top + (4 if block.lines else 0))

    def _array(self, owner: str, array: Numbers, x: float, top: float) -> None:
        cell, high = array.cell, DIGITS * 1.35
        for row, (texts, strengths) in enumerate(zip(array.rows, array.strengths)):
            for column, (text, strength) in enumerate(zip(texts, strengths)):
                left, y = x + column * cell, top + row * high
                if strength:
                    self.drawing.tiles.append(Tile(owner, left, y, cell - 1, high - 1, strength))
                indent = cell - 0.4 * 0.6 * DIGITS - width(text, DIGITS) if len(texts) > 1 or strength else 0.0
                self.drawing.texts.append(Text(owner, left + indent, y + high / 2, text, DIGITS, array.ink))

    def _continued(self) -> None:
        """The names of wires that go on in the next row of the page."""
        done = set()
        for route in self.grid.routes:
            gate = route.link.tail.gate
            for end, (left, y) in self.places.pieces(route.link.tail, route.link.head, route.row):
                if end not in done:
                    done.add(end)
                    text = Text(gate.id, left, y - HALF - 4 - SIZE / 2, gate.name, SIZE, "ink", True)
                    self.drawing.texts.append(text)

    # ---- groups ------------------------------------------------------------------------------------------------------

    def _outlines(self) -> None:
        """The lines around groups, the outer ones first."""
        within: dict[tuple[Frame, int], tuple[float, float]] = {}  # how far up and down the lines in a group reach
        for each in self.spacing.surrounded:  # the inner ones come first
            outer = each.stations[0].gate.frames[: each.depth]
            for segment in self.places.segments(each):
                rows, wide = self.places.group_rows(each, segment), self.places.group_x(each, segment)
                if not rows:
                    continue
                title = self.places.group_title(each, wide)
                reached = _both(self._reach(wide, segment, rows), within.get((each.frame, segment)))
                top, bottom = reached[0] - len(title) * SIZE * LEADING - 6, reached[1] + 7
                around = self.places.goes_round(each, segment)
                if around:
                    self._around(each, wide, bottom)
                for frame in outer:
                    reach = top, bottom + AROUND * around
                    within[frame, segment] = _both(reach, within.get((frame, segment)))
                id = each.frame.id if segment == self.places.segment(each.columns[0]) else f"{each.frame.id}_{segment}"
                self.drawing.outlines.append(Outline(id, wide[0], top, wide[1] - wide[0], bottom - top, title))
                high = top, top + 3 + SIZE * LEADING * len(title)
                x = self._clear(wide, high, max(width(line, SIZE) for line in title)) or wide[0] + 7
                for number, line in enumerate(title):
                    y = top + 3 + SIZE * LEADING * (number + 0.5)
                    self.drawing.texts.append(Text(id, x, y, line, SIZE, "grey"))
        self.drawing.outlines.reverse()

    def _clear(self, wide: tuple[float, float], high: tuple[float, float], room: float) -> float | None:
        """Where words begin that no wire runs through: as far to the left as there is room, if there is."""
        x = wide[0] + 7
        near = self._pieces[bisect_right(self._pieces, wide[0], key=itemgetter(0)) :]
        for at, top, bottom in takewhile(lambda piece: piece[0] < wide[1], near):
            if top >= high[1] or bottom <= high[0]:
                continue
            if x - 3 < at < x + room + 3:
                x = at + 7
        return x if x + room <= wide[1] else None

    @cached_property
    def _pieces(self) -> list[tuple[float, float, float]]:
        """The pieces of all wires that go up or down, from left to right: where, from what height, to what height."""
        pieces = (piece for wire in (*self.black, *self.red) for piece in pairwise(wire.points))
        return sorted(
            (max(one[0], two[0]), min(one[1], two[1]), max(one[1], two[1])) for one, two in pieces if one[1] != two[1]
        )

    def _around(self, each: Surrounded, wide: tuple[float, float], bottom: float) -> None:
        """What a loop's rounds hand on, from the end of the line around it to the start; and the gradient back."""
        id, names = each.frame.id, each.frame.handed_on
        forth, back = f"{', '.join(names)} to the next round", f"{', '.join(f'd{name}' for name in names)} back"
        inks: list[tuple[str, Ink, list[Wire]]] = [(forth, "ink", self.black)]
        inks += [(back, "red", self.red)] if self.red else []  # before the backward pass nothing goes back
        inside, high = (wide[0] + 29, wide[1] - 29), (bottom, bottom + AROUND)
        long = width(", ".join(words for words, _, _ in inks), SIZE)
        x = self._clear(inside, high, long)
        spoken = x is not None
        if x is None:
            x = self._clear(inside, high, width(", ".join(names), SIZE)) or inside[0] + 7
        for number, (words, ink, wires) in enumerate(inks):
            left, right = wide[0] + 14 + 12 * number, wide[1] - 14 - 12 * number
            low = bottom + AROUND - 6 - 8 * number
            points = [(right, bottom), (right, low), (left, low), (left, bottom)]
            owner = f"back_{id}" if ink == "red" else f"on_{id}"
            wires.append(Wire(f"around_{id}_{number}", owner, ink, points[:: 1 - 2 * number], "", "", told=words))
            text = f"{words}{', ' * (number + 1 < len(inks))}" if spoken else ", ".join(names) * (ink == "ink")
            if text:
                self.drawing.texts.append(Text(owner, x, bottom + 3 + SIZE * LEADING / 2, text, SIZE, ink))
            x += width(text, SIZE)

    def _reach(self, wide: tuple[float, float], segment: int, rows: list[int]) -> tuple[float, float]:
        """From where to where gates, boxes and texts reach in a part of some rows."""
        places, (one, two) = self.places, (rows[0], rows[-1])
        high = places.y[segment, one] - places.heights.top((segment, one)) - 1
        low = places.y[segment, two] + places.heights.bottom((segment, two)) + 1
        first = bisect_left(self._extents, wide[0], key=itemgetter(0))
        last = bisect_right(self._extents, wide[1], key=itemgetter(0))
        spans = [*self._extents[first:last], *((wide[0], places.y[segment, row], HALF) for row in rows)]
        inside = [(y - half, y + half) for _, y, half in spans if high <= y <= low]
        return min(top for top, _ in inside), max(bottom for _, bottom in inside)

    @cached_property
    def _extents(self) -> list[tuple[float, float, float]]:
        """Where gates, boxes and texts are, from left to right: x, y, and half their height."""
        things = [(shape.x, shape.y, shape.height / 2) for shape in self.drawing.shapes]
        return sorted([*things, *((text.x, text.y, text.size * 0.6) for text in self.drawing.texts)])


def _both(one: tuple[float, float], two: tuple[float, float] | None) -> tuple[float, float]:
    """The stretch from top to bottom that covers two."""
    return one if two is None else (min(one[0], two[0]), max(one[1], two[1]))
