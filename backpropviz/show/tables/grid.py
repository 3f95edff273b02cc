"""A long table line by line: columns of known widths, and one that takes the room that is left.

It looks like Rich's, which renders every cell as a page of its own, several times: two milliseconds a row, and a long
run has ten thousands of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from backpropviz.code.breaking import broken
from backpropviz.show.tables.plain import GAP

HEADED = "bold"
_LEAST = 6  # the wide column gets at least this


class Code:
    """Lines of code, each a name and what it is equal to, broken as a person would where there is no room for them."""

    def __init__(self, *lines: Text, indent: int = 0):
        self.lines = [line for line in lines if line]
        self.indent = 2 * indent

    def __bool__(self) -> bool:
        return bool(self.lines)

    def at(self, width: int) -> Iterator[Text]:
        """The lines in at most so many columns."""
        room = width - 2 - self.indent
        for line in self.lines:
            if cell_len(line.plain) <= room and "\n" not in line.plain:
                yield Text(" " * self.indent).append_text(line) if self.indent else line
                continue
            start = 0
            for number, part in enumerate(broken(line.plain, room)):
                start += len(line.plain[start:]) - len(line.plain[start:].lstrip())
                left, end = len(part.replace(" ", "")), start
                while left:
                    left -= not line.plain[end].isspace()
                    end += 1
                yield Text("  " * bool(number) + " " * self.indent).append_text(line[start:end])
                start = end


Cell = Sequence[Code | Text]
"""What stands in one cell, one below the other."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, where its lines stand, their style; a wide one takes the room that the others leave."""

    title: Text
    right: bool = False
    style: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells below titles and a line."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths(options.max_width)
        styles = {column.style: console.get_style(column.style) for column in self.columns}
        titles = [_lines([column.title], width, console) for column, width in zip(self.columns, widths)]
        height = max(map(len, titles))
        titles = [[Text("")] * (height - len(title)) + title for title in titles]  # they stand on the line
        head = [console.get_style(HEADED)] * len(widths)
        yield from self._row(titles, widths, head, console)
        rule = "-" if options.ascii_only else "─"
        yield Segment(rule * (sum(widths) + GAP * (len(widths) - 1)))
        yield Segment.line()
        in_rows = [styles[column.style] for column in self.columns]
        for row in self.rows:
            cells = [_lines(cell, width, console) for cell, width in zip(row, widths)]
            yield from self._row(cells, widths, in_rows, console)

    def _widths(self, room: int) -> list[int]:
        """The widest line of each column; where the wide one would get too little, the last others are cut."""
        widths = [0 if column.wide else cell_len_of(column.title) for column in self.columns]
        narrow = [place for place, column in enumerate(self.columns) if not column.wide]
        for row in self.rows:
            for place in narrow:
                widths[place] = max(
                    widths[place], *(cell_len_of(part) for part in row[place] if isinstance(part, Text)), 0
                )
        left = room - GAP * (len(widths) - 1)
        for place, column in enumerate(self.columns):
            if column.wide:
                widths[place] = max(min(_LEAST, left), left - sum(widths))
        for place in reversed(narrow):
            widths[place] -= min(max(0, sum(widths) - left), widths[place] - 1)
        return widths

    def _row(
        self, cells: Sequence[Sequence[Text]], widths: Sequence[int], styles: Sequence[Style], console: Console
    ) -> Iterator[Segment]:
        last = len(widths) - 1
        for number in range(max(1, *map(len, cells))):
            for place, (cell, width, style) in enumerate(zip(cells, widths, styles)):
                gap = GAP * (place < last)
                if number >= len(cell):
                    yield Segment(" " * (width + gap))
                    continue
                text = cell[number]
                spare = width - cell_len(text.plain)
                if self.columns[place].right and spare:
                    yield Segment(" " * spare)
                yield from _segments(text, style, console)
                after = gap if self.columns[place].right else spare + gap
                if after:
                    yield Segment(" " * after)
            yield Segment.line()


def cell_len_of(text: Text) -> int:
    """The columns that the longest of a text's lines takes."""
    return max(map(cell_len, text.plain.split("\n")))


def _lines(cell: Cell | Iterable[Text], width: int, console: Console) -> list[Text]:
    """A cell's lines, none wider than its column."""
    lines: list[Text] = []
    for part in cell:
        for line in part.at(width) if isinstance(part, Code) else part.split("\n") if "\n" in part.plain else [part]:
            if cell_len(line.plain) <= width:
                lines.append(line)
            elif isinstance(part, Code):
                lines.extend(line.wrap(console, width, overflow="fold"))
            else:
                lines.append(line.copy())
                lines[-1].truncate(width, overflow="crop")
    return lines


def _segments(text: Text, style: Style, console: Console) -> Iterator[Segment]:
    if isinstance(text.style, str) and text.style:
        style += console.get_style(text.style)
    plain, at = text.plain, 0
    spans = sorted(text.spans, key=lambda span: span.start)
    if any(span.end > after.start for span, after in pairwise(spans)):  # one style over another
        for segment in text.render(console):
            yield Segment(segment.text, style + segment.style if segment.style else style)
        return
    for span in spans:
        if span.start > at:
            yield Segment(plain[at : span.start], style)
        of_span = console.get_style(span.style) if isinstance(span.style, str) else span.style
        yield Segment(plain[span.start : span.end], style + of_span)
        at = span.end
    if at < len(plain):
        yield Segment(plain[at:], style)
