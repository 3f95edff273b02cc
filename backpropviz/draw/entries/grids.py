"""Draws a scene: above what an entry is made from, in black, below where its gradient goes, in red; and it in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np

from backpropviz.code.breaking import LEADING, broken, width
from backpropviz.draw.board.geometry import Drawing, Ink, Text, Tile, Wire
from backpropviz.draw.entries.reading import Grid, Scene
from backpropviz.study.expressions import Known, Number, in_numbers, named, write

WIDE, HIGH = 1600.0, 900.0
MARGIN, TITLE, LABEL, DIGITS, WORDS = 56.0, 32.0, 24.0, 24.0, 22.0
LEAST = 14.0  # pixels: smaller text is not read from the back of a room
_CELL, _ROW = 104.0, 62.0  # the largest cell
_APART = 64.0  # between two grids
_ARROW = 130.0  # between the sources and the target
_TOP = 84.0
_FRAME = 4.0  # the width of a frame's line


def draw(scene: Scene, title: str = "", legend: bool = True) -> Drawing:
    """The picture of a scene, for a slide."""
    return _Drawer(scene, title, legend).draw()


class _Drawer:
    def __init__(self, scene: Scene, title: str, legend: bool):
        self.scene, self.title, self.legend = scene, title, legend
        self.page = Drawing(WIDE, HIGH, title, smallest=DIGITS)
        rows: list[Sequence[Grid]] = [[*scene.sources, scene.target]]
        if scene.arriving is not None and scene.back:
            rows.append([*scene.back, scene.arriving])
        room = WIDE - 2 * MARGIN - _ARROW
        columns = max(sum(grid.values.shape[1] for grid in row) for row in rows)
        gaps = max(len(row) - 2 for row in rows) * _APART
        self.cell = min(_CELL, (room - gaps) / columns)
        high = sum(max(grid.values.shape[0] for grid in row) for row in rows)
        self.lines = self._words()
        words = len(self.lines) * WORDS * LEADING + 26
        self.row = min(_ROW, (HIGH - _TOP - words - MARGIN - len(rows) * (1.6 * LABEL + 30)) / high)
        self.rows = rows
        self.size = max(8.0, min(DIGITS, self.row * 0.5, self._fitting()))
        self.page.smallest = min(self.size, WORDS)

    def _fitting(self) -> float:
        """The size at which the longest number fits its cell."""
        longest: int = max(len(text) for row in self.rows for grid in row for line in _texts(grid) for text in line)
        return float((self.cell - 10) / (longest * width("0", 1.0)))

    def draw(self) -> Drawing:
        page = self.page
        if self.title:
            page.texts.append(Text("title", MARGIN, 36, self.title, TITLE, "ink", True))
        if self.legend and self.scene.arriving is not None:
            x = MARGIN + width(self.title, TITLE) + 60
            page.texts.append(Text("legend", x, 38, "above: values", 20, "ink"))
            page.texts.append(Text("legend", x + 210, 38, "below: gradients", 20, "red"))
        y = _TOP
        for number, row in enumerate(self.rows):
            y = self._row(row, y, back=number == 1)
        y += 14
        for text, ink, bold in self.lines:
            page.texts.append(Text("words", MARGIN, y, text, WORDS, ink, bold))
            y += WORDS * LEADING
        return page

    def _row(self, grids: Sequence[Grid], y: float, back: bool) -> float:
        """A row of grids, the last one apart; returns where the next one begins."""
        high: float = max(grid.values.shape[0] for grid in grids) * self.row
        x = MARGIN
        for grid in grids[:-1]:
            x = self._grid(grid, x, y) + _APART
        x -= _APART
        left, right = x + 18, x + _ARROW - 18
        middle = y + LABEL * 1.6 + min(high, grids[-1].values.shape[0] * self.row) / 2
        ink: Ink = "red" if back or grids[-1].red else "ink"
        points = [(right, middle), (left, middle)] if back else [(left, middle), (right, middle)]
        name = "back" if back else "forward"
        self.page.wires.append(Wire(name, name, ink, points, "", "", lines=[points]))
        self._grid(grids[-1], x + _ARROW, y)
        return y + LABEL * 1.6 + high + 30

    def _grid(self, grid: Grid, x: float, y: float) -> float:
        """A grid with its name above; returns its right end."""
        ink: Ink = "red" if grid.red else "ink"
        page = self.page
        page.texts.append(Text(grid.name, x, y + LABEL / 2, grid.name, LABEL, ink, True))
        told = grid.place or f"({', '.join(map(str, grid.shape))}{',' if len(grid.shape) == 1 else ''})"
        page.texts.append(Text(grid.name, x + width(grid.name, LABEL) + 8, y + LABEL / 2, told, 17, "grey"))
        top = y + LABEL * 1.6
        texts = _texts(grid)
        for (row, column), _ in np.ndenumerate(grid.values):
            left, upper = x + column * self.cell, top + row * self.row
            marked, bold = bool(grid.framed[row, column]), bool(grid.bold[row, column])
            group = int(grid.groups[row, column])
            strength = 0.55 if marked and group < 0 else 0.0
            tile = Tile(grid.name, left, upper, self.cell, self.row, strength, group, 1.0)
            page.tiles.append(tile)
            text = texts[row][column]
            wide = width(text, self.size)
            shade: Ink = ink if bold or not grid.red or marked else "grey"
            page.texts.append(
                Text(grid.name, left + (self.cell - wide) / 2, upper + self.row / 2, text, self.size, shade, bold)
            )
        self._frame(grid, x, top, ink)
        told_end = x + width(grid.name, LABEL) + 8 + width(told, 17)
        return float(max(x + grid.values.shape[1] * self.cell, told_end))

    def _frame(self, grid: Grid, x: float, top: float, ink: Ink) -> None:
        """A line around what is followed: every side of an entry behind which there is another kind."""
        inside = np.pad(grid.framed, 1)
        for row, column in np.argwhere(grid.framed).tolist():
            left, upper = x + column * self.cell, top + row * self.row
            sides = (
                ((row, column + 1), (left, upper, self.cell, 0.0)),
                ((row + 2, column + 1), (left, upper + self.row, self.cell, 0.0)),
                ((row + 1, column), (left, upper, 0.0, self.row)),
                ((row + 1, column + 2), (left + self.cell, upper, 0.0, self.row)),
            )
            for beside, (at, under, wide, high) in sides:
                if not inside[beside]:
                    line = Tile(grid.name, at - 0.1, under - 0.1, wide + 0.2, high + 0.2, 0.0, -1, _FRAME, ink)
                    self.page.tiles.append(line)

    def _words(self) -> list[tuple[str, Ink, bool]]:
        """The entry written out, and what its gradient does."""
        story, scene = self.scene.story, self.scene
        room = int((WIDE - 2 * MARGIN) / width("0", WORDS))
        ink: Ink = "red" if story.is_gradient else "ink"
        lines: list[tuple[str, Ink, bool]] = []
        best = story.best
        head = f"{story.entry} = "
        said = [write(best, named)] if not isinstance(best, Number) else []
        said += [write(best, in_numbers(2))] if not isinstance(best, Known | Number) else []
        for number, text in enumerate(said):
            begin = head if number == 0 else " " * (len(head) - 2) + "= "
            for at, part in enumerate(broken(text, room - len(head))):
                lines.append(((begin if at == 0 else " " * len(head)) + part, ink, False))
        if len(lines) > _MOST_LINES:
            more = f"{'':{len(head)}}... ({len(lines)} lines in all: show --entry)"
            lines = [*lines[: _MOST_LINES - 1], (more, ink, False)]
        lines.append((f"{'':{len(head) - 2}}= {_two(story.entry.value)}", ink, True))
        if story.gradient is not None and scene.arriving is not None:
            lines.append(("", ink, False))
            lines += [(line, "red", False) for line in textwrap.wrap(self._backward(), room)]
        return lines

    def _backward(self) -> str:
        """Where the gradient goes, in a sentence."""
        story = self.scene.story
        assert story.gradient is not None
        counts = {name: int(np.count_nonzero(added)) for name, added in story.goes_to.items()}
        if len(self.scene.sources) < len([name for name, count in counts.items() if count]):
            counts = {grid.name.removeprefix("d"): int(grid.bold.sum()) for grid in self.scene.back}
        lost = sum(int(seen.sum()) for seen in story.seen.values()) - sum(counts.values())
        begin = f"Its gradient, {story.gradient} = {_two(story.gradient.value)}, goes"
        parts = [f"to {_entries(count)} of d{name}" for name, count in counts.items() if count]
        reached = [name for name, count in counts.items() if count]
        if not reached:
            return f"Its gradient, {story.gradient}, is {_two(story.gradient.value)}: nothing goes back from here."
        if len(reached) == 1 and counts[name := reached[0]] == 1 and name in story.goes_to:
            place = tuple(np.argwhere(story.goes_to[name])[0].tolist())
            gets = story.goes_to[name][place]
            whole = gets == story.gradient.value
            end = f"d{name}[{', '.join(map(str, place))}] " + ("alone" if whole else f"as {_two(gets)}")
            return f"{begin} to {end}" + (f"; the other {lost} get nothing from it." if lost > 0 else ".")
        added = "; what comes from other entries is added" if self._adds_up() else ""
        return f"{begin} {' and '.join(parts)}, each times its derivative{added}."

    def _adds_up(self) -> bool:
        """Whether other entries hand something to the same places."""
        entries, story = self.scene.sources, self.scene.story
        whole = {grid.name: grid for grid in self.scene.back}
        for name in (grid.name for grid in entries):
            grid, added = whole.get(f"d{name}"), story.goes_to.get(name)
            if grid is None or added is None:
                continue
            mine = added[added != 0]
            there = grid.values[grid.bold]
            if mine.size != there.size or not np.allclose(np.sort(mine), np.sort(there), rtol=1e-9):
                return True
        return False


_MOST_LINES = 9


def _entries(count: int) -> str:
    return "one entry" if count == 1 else f"{count} entries"


def _two(value: float) -> str:
    return f"{value:.2g}" if value == 0 or 1e-2 <= abs(value) < 100 or not math.isfinite(value) else f"{value:.1e}"


def _texts(grid: Grid) -> list[list[str]]:
    """The numbers of a grid, with two digits for those of ordinary size and as many places for all."""
    values = grid.values.astype(float) if grid.values.dtype.kind in "fiub" else np.real(grid.values)
    if grid.values.dtype.kind in "iub":
        return [[str(int(value)) for value in line] for line in values.tolist()]
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    if largest >= 1000 or 0 < largest < 0.01:
        return [["0" if value == 0 else f"{value:.0e}" for value in line] for line in values.tolist()]
    places = 0 if largest >= 100 else 1 if largest >= 1 else 2
    return [[_rounded(value, places) for value in line] for line in values.tolist()]


def _rounded(value: float, places: int) -> str:
    return "0" if value == 0 else f"{value:.{places}f}"
