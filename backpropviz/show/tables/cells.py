"""Cells of a Rich table that Rich has nothing for: code that is broken as a person would break it, and arrays.

Columns, widths, titles and export are Rich's. Its `Text` breaks code at any blank; and a run can have ten thousands of
rows, for which text that is wrapped and padded cell by cell takes three times as long. So the cells keep the distance
to the column in front of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from backpropviz.code.breaking import broken

BETWEEN = 2  # columns in front of a cell, besides Rich's own
_NARROWEST = 8  # columns; code is never broken into less
_HANG = "  "  # in front of what goes on below
_NOTE = "  "  # between code and what is said about it


class Lines:
    """Lines that are not wrapped: a label, a shape, the numbers of an array. What does not fit is cropped."""

    def __init__(self, *lines: str, style: str = "", right: bool = False, gap: int = BETWEEN):
        self.lines, self.style, self.right, self.gap = lines, style, right, gap

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max(map(cell_len, self.lines), default=0) + self.gap
        return Measurement(widest, widest)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        style = console.get_style(self.style) if self.style else None
        for line in self.lines:
            before = options.max_width - cell_len(line) if self.right else self.gap
            yield Segment(" " * before + line, style)
            yield Segment.line()


class Code:
    """Lines of code, each with what is said about it behind two blanks, broken where there is no room for them."""

    def __init__(self, *lines: Text, depth: int = 0):
        self.lines = [line for line in lines if line]
        self.depth = depth

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max((cell_len(line.plain) for line in self.lines), default=0)
        before = BETWEEN + 2 * self.depth
        return Measurement(before + min(widest, _NARROWEST), before + widest)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.at(options.max_width - BETWEEN):
            yield Segment(" " * BETWEEN)
            yield from line.render(console)
            yield Segment.line()

    def at(self, width: int) -> Iterator[Text]:
        """The lines in at most so many columns."""
        room = max(width - 2 * self.depth, _NARROWEST)
        for line in self.lines:
            fits = cell_len(line.plain) <= room and "\n" not in line.plain
            for number, part in enumerate(
                [_blank(line)] if fits else _slices(line, _parts(line.plain, room - len(_HANG)))
            ):
                before = "  " * self.depth + _HANG * bool(number)
                yield Text(before).append_text(part) if before else part


def _parts(text: str, room: int) -> Iterator[str]:
    """A line in parts: its code broken as a formula, and what is said about it broken at blanks."""
    code, _, note = text.partition(_NOTE)
    parts = [piece for part in broken(code, room) for piece in chop_cells(part, room)]
    words = [*parts[-1:], *note.split(" ")]
    yield from parts[:-1]
    line = words[0] if words else ""
    for number, word in enumerate(words[1:]):
        joint = " " if number else _NOTE
        if cell_len(line + joint + word) <= room:
            line += joint + word
        else:
            yield line
            line = word
    yield line


def _slices(line: Text, parts: Iterable[str]) -> Iterator[Text]:
    """The parts of a line with their styles; they hold all its letters, but not all its blanks."""
    plain, start = line.plain, 0
    for part in parts:
        start += len(plain[start:]) - len(plain[start:].lstrip())
        left, end = len("".join(part.split())), start
        while left:
            left -= not plain[end].isspace()
            end += 1
        yield _blank(line[start:end])
        start = end


def _blank(line: Text) -> Text:
    """A line whose words that belong together are together."""
    line.plain = line.plain.replace("\xa0", " ")
    return line


def headed(*titles: Lines, wide: int) -> Table:
    """An empty table with titles over a line; the `wide` column is broken where there is no room."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, header_style="bold")
    for place, title in enumerate(titles):
        table.add_column(title, no_wrap=place != wide)
    return table
