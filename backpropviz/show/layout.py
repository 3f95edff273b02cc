"""Lays the rows of a page out in Rich tables whose columns stand in line with each other.

Rich finds widths for one table at a time, and has no cells over several columns, as reasons need, and arrays that are
too wide to stand beside their statement. So the widths are found here, for all tables of a page; a table ends where
such a text comes, and goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table

from backpropviz.engine.graph import Array
from backpropviz.show.numerals import Numbers, numbers, summary
from backpropviz.show.tables.cells import LOOKS, Code, Line, Lines, Words, headed, styled

BETWEEN = 2  # columns between two columns
_BEFORE = BETWEEN - 1  # of them the cells' own
COMFORTABLE = 24  # statements get at least this width
_NARROWEST = 24  # values stand beside statements if they get this width,
_BROKEN = 0.4  # and if no more than this part of them goes below, and of the statements has to be broken
_FLAT = 24  # values on one line take no more than this
_WIDE_ENTRIES = 40  # arrays of up to so many entries are written whole below their statement
_SUMMARY = 36  # each of the two lines that stand for a large array fits in here


@dataclass(slots=True)
class Row:
    """One row: a step's label, what it says, and the value that belongs to it.

    Attributes:
        label: the step's number; empty under a step that has one already.
        texts: paragraphs of spans; the first is the statement, the others are captions below it.
        shape: of the value, as text.
        value: the array, or a text, or None.
        style: of the value.
        indent: how far the texts are moved to the right.
        opens: a new step begins: keep a distance from the row above.
        flat: write the value on one line.
        spans: the texts run over all columns; there is no value.
        prose: more texts that run over all columns, below the value.
    """

    label: str
    texts: list[Line]
    shape: str = ""
    value: Array | str | None = None
    style: str = ""
    indent: int = 0
    opens: bool = True
    flat: bool = False
    spans: bool = False
    prose: list[Line] = field(default_factory=list)
    lines: list[str] = field(default_factory=list, init=False)
    below: bool = field(default=False, init=False)


class Columns:
    """The widths of label, statement, shape and value, the same for all tables of a page.

    Where statements would get less than a comfortable width, every value goes below its statement; otherwise only the
    arrays that are too wide to stand beside it.
    """

    def __init__(self, rows: list[Row], width: int):
        self.label = max((len(row.label) for row in rows), default=0)
        self.shape = max((len(row.shape) for row in rows), default=0)
        self.shape = max(self.shape, len("shape")) if self.shape else 0
        self.width = width
        narrow = [row for row in rows if not row.spans]
        lengths = [row.indent + width_of(row.texts[0]) for row in narrow]
        longest = max(lengths + [row.indent + width_of(text) for row in narrow for text in row.texts[1:]], default=0)
        room = width - self.label - self.shape - 3 * BETWEEN
        below = width - self.label - 2 * BETWEEN
        beside = room - min(longest, COMFORTABLE)
        self.side_by_side = beside >= _NARROWEST
        if self.side_by_side:
            self._write(rows, beside, below)
            self.value = max((_wide(row.lines) for row in rows if not row.below), default=0)
            self.statement = min(longest, room - self.value)
            broken = sum(length > self.statement for length in lengths)
            under = sum(row.below for row in rows)
            self.side_by_side = broken <= _BROKEN * len(lengths) and under <= _BROKEN * len(lengths)
        if not self.side_by_side:
            self._write(rows, below, below)
            self.value = 0
            self.statement = min(longest, room + BETWEEN)
        self.statement = max(self.statement, len("code"))

    def table(self, what: str = "") -> Table:
        """An empty table; with titles, where it is said what its values are."""
        label = "step" if self.label >= 4 else "#" if self.label else ""
        titles = [(label, self.label), ("code", self.statement), ("shape" if self.shape else "", self.shape)]
        titles += [(what, max(self.value, len(what)))] if self.side_by_side else []
        table = headed(*(Lines(title, style="dim", gap=_BEFORE * bool(at)) for at, (title, _) in enumerate(titles)))
        for at, (column, (_, width)) in enumerate(zip(table.columns, titles)):
            column.width = width + _BEFORE * bool(at)
        table.show_header = bool(what)
        return table

    def _write(self, rows: list[Row], width: int, below: int) -> None:
        """Write every row's value; the numbers of all whole arrays equally large, if there is room for that."""
        whole: list[tuple[Row, Numbers]] = []
        for row in rows:
            row.below = not self.side_by_side
            if isinstance(row.value, str):
                row.lines = [row.value]
            elif row.value is not None:
                high, wide = (1, _FLAT) if row.flat else (10, width)
                few = self.side_by_side or row.value.size <= _WIDE_ENTRIES
                written = numbers(row.value, wide, high) if few else None
                if written is None and row.value.size <= _WIDE_ENTRIES and not row.flat:
                    written = numbers(row.value, below)
                    row.below = row.below or written is not None
                row.lines = written.lines() if written else summary(row.value, min(wide, _SUMMARY), high)
                if row.below and written is None and len(row.lines) == 2 and below >= 2 * _SUMMARY:
                    row.lines = [f"{row.lines[0]:{_SUMMARY}}{row.lines[1]}"]
                if written and row.value.dtype.kind == "f" and not any("e" in text for text in written.texts):
                    whole.append((row, written))
        size = max((each.size[0] for _, each in whole), default=0), max((each.size[1] for _, each in whole), default=0)
        for row, each in whole:
            lines = each.lines(size)
            if _wide(lines) <= (_FLAT if row.flat else below if row.below else width):
                row.lines = lines


def width_of(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def _wide(lines: list[str]) -> int:
    return max(map(len, lines), default=0)


def laid_out(rows: list[Row], columns: Columns, what: str) -> Iterator[RenderableType]:
    """Rows in tables, with an empty line between steps unless every row is one line."""
    loose = any(len(row.texts) > 1 or len(row.lines) > 1 for row in rows)
    made = columns.table(what)
    inside = columns.label + BETWEEN
    tall = False
    for number, row in enumerate(rows):
        if number and (tall or (loose and row.opens)):
            made.add_row()
        tall = len(row.lines) > 1 or bool(row.prose)
        label = Lines(row.label.rjust(columns.label), style=LOOKS["label"], gap=0)
        if row.spans:
            yield made
            made = columns.table()
            beside = Table.grid()
            beside.add_column(width=inside)
            beside.add_row(label, Words(*map(styled, row.texts), depth=row.indent // 2, gap=0))
            yield beside
            continue
        depth = row.indent // 2
        statement = Code(styled(row.texts[0]), depth=depth, gap=_BEFORE)
        texts = [statement, Words(*map(styled, row.texts[1:]), depth=depth, gap=_BEFORE)]
        cells: list[RenderableType] = [label, Group(*texts), Lines(row.shape, style=LOOKS["shape"], gap=_BEFORE)]
        below = Lines(*row.lines, style=LOOKS[row.style], gap=inside + BETWEEN) if row.below else Lines()
        if columns.side_by_side and not row.below:
            cells.append(Lines(*row.lines, style=LOOKS[row.style], gap=_BEFORE))
        made.add_row(*cells)
        if below or row.prose:
            yield from (made, below, Words(*map(styled, row.prose), gap=inside + BETWEEN))
            made = columns.table()
    yield made


def paragraph(text: str, style: str = "") -> Words:
    return Words(styled([(text, style)]), gap=0)
