"""Cells of a Rich table that Rich has nothing for: code that is broken as a person would break it, and arrays.

Columns, widths, titles and export are Rich's. Its `Text` breaks code at any blank, and sentences at no-break spaces
too; and a run can have ten thousands of rows, for which text that is wrapped and padded cell by cell takes three times
as long. So the cells keep the distance to the column in front of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from backpropviz.code.breaking import broken

GAP = 2  # columns in front of a cell, besides Rich's own
_NARROWEST = 8  # columns; code is never broken into less
_HANG = 2  # columns in front of what goes on below
NOTE = "  "  # between code and what is said about it

Span = tuple[str, str]
Line = list[Span]
"""A text with what it is, which is how it looks."""

LOOKS: Mapping[str, str] = {
    "": "",
    "title": "bold",
    "name": "bold",
    "label": "cyan",
    "shape": "dim",
    "caption": "dim",
    "gradient": "red",
    "gradient name": "bold red",
}


def styled(line: Line) -> Text:
    return Text.assemble(*((text, LOOKS[style]) for text, style in line))


class Lines:
    """Lines that are not wrapped: a label, a shape, the numbers of an array. What does not fit is cropped."""

    def __init__(self, *lines: str, style: str = "", right: bool = False, gap: int = GAP):
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

    def __init__(self, *lines: Text, depth: int = 0, gap: int = GAP):
        self.lines = [line for line in lines if line]
        self.depth, self.gap = depth, gap

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max((cell_len(line.plain) for line in self.lines), default=0)
        before = self.gap + 2 * self.depth
        return Measurement(before + min(widest, _NARROWEST), before + widest)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.at(options.max_width - self.gap):
            if self.gap:
                yield Segment(" " * self.gap)
            yield from line.render(console)
            yield Segment.line()

    def at(self, width: int) -> Iterator[Text]:
        """The lines in at most so many columns."""
        room = max(width - 2 * self.depth, _NARROWEST)
        for line in self.lines:
            fits = cell_len(line.plain) <= room and "\n" not in line.plain
            for before, part in [(0, _plain(line))] if fits else self._broken(line, room):
                blanks = " " * (2 * self.depth + before)
                yield Text(blanks).append_text(part) if blanks else part

    def _broken(self, line: Text, room: int) -> Iterator[tuple[int, Text]]:
        """A line in parts, its code broken as a formula, and what is said about it between words; each with the blanks
        in front of it."""
        code, _, note = line.plain.partition(NOTE)
        parts = [piece for part in broken(code, room - _HANG) for piece in chop_cells(part, room - _HANG)]
        end = _filled([*(f"{part} " for part in parts[-1:]), *note.split(" ")], room - _HANG)
        for number, part in enumerate(_slices(line, [*parts[:-1], *end])):
            yield _HANG * bool(number), part


class Words(Code):
    """Paragraphs, broken between words into lines that all begin where the first does."""

    def _broken(self, line: Text, room: int) -> Iterator[tuple[int, Text]]:
        before = len(line.plain) - len(line.plain.lstrip(" "))
        for part in _slices(line, _filled(line.plain.split(" "), max(room - before, _NARROWEST))):
            yield before, part


def _filled(words: Iterable[str], room: int) -> Iterator[str]:
    """Lines of as many words as there is room for."""
    line = ""
    for word in words:
        for piece in chop_cells(word, room) or [""]:
            if line and cell_len(line) + 1 + cell_len(piece.rstrip()) <= room:
                line += f" {piece}"
            else:
                if line.strip():
                    yield line.rstrip(" ")
                line = piece
    if line.strip():
        yield line.rstrip(" ")


def _slices(line: Text, parts: Iterable[str]) -> Iterator[Text]:
    """The parts of a line with their styles; they hold all its letters, but not all its blanks."""
    plain, start = line.plain, 0
    for part in parts:
        start += len(plain[start:]) - len(plain[start:].lstrip())
        left, end = len("".join(part.split())), start
        while left:
            left -= not plain[end].isspace()
            end += 1
        yield _plain(line[start:end])
        start = end


def _plain(line: Text) -> Text:
    """A line whose words that are held together are so: their spaces become blanks."""
    if "\xa0" in line.plain:
        line.plain = line.plain.replace("\xa0", " ")
    return line


def headed(*titles: Lines, wide: int = -1) -> Table:
    """An empty table with titles over a line; the `wide` column is broken where there is no room."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, header_style="bold")
    for place, title in enumerate(titles):
        table.add_column(title, no_wrap=place != wide)
    return table
