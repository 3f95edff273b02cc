"""One look for all tables: headings, right-aligned numbers, data never read as markup."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GOOD, BAD, FAINT = "green", "bold red", "dim"
GAP = 3  # between two columns


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that fits the terminal without breaking a name or a number.

    Where it is too wide, headings are broken between words; then columns are left out, and a line names them; and if
    that is not enough, every row becomes a block of lines.

    Attributes:
        headings, rows: texts; those of a row may have several lines.
        numbers: columns that are aligned to the right.
        prose: columns that may be broken between words, and the least width at which they can be read.
        spare: columns that can be left out, the first to go first.
        title: the column that names a row.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    numbers: Collection[int] = ()
    prose: Mapping[int, int] = field(default_factory=dict)
    spare: Sequence[int] = ()
    title: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        every = range(len(self.headings))
        broken = ["\n".join(heading.split()) for heading in self.headings]
        layouts = [(self.headings, 0), *((broken, left_out) for left_out in range(len(self.spare) + 1))]
        for headings, left_out in layouts:
            columns = [column for column in every if column not in self.spare[:left_out]]
            widths = self._widths(columns, headings, options.max_width)
            if widths is not None:
                yield self._table(widths, headings)
                if left_out:
                    names = ", ".join(self.headings[column] for column in sorted(self.spare[:left_out]))
                    yield Text(f"left out, for want of room: {names}", FAINT)
                return
        yield self._blocks()

    def _widths(self, columns: Sequence[int], headings: Sequence[str], room: int) -> dict[int, int] | None:
        """The width of every column, prose shortened as far as needed, the longest first; None if they do not fit."""
        widths = {column: max(map(cell_len, self._parts(column, headings, "\n"))) for column in columns}
        excess = sum(widths.values()) + GAP * (len(columns) - 1) - room
        for column in sorted(self.prose, key=lambda column: -widths.get(column, 0)):
            if excess > 0 and column in widths:
                least = max(self.prose[column], *map(cell_len, self._parts(column, headings, None)))
                spared = max(0, min(excess, widths[column] - least))
                widths[column] -= spared
                excess -= spared
        return widths if excess <= 0 else None

    def _parts(self, column: int, headings: Sequence[str], separator: str | None) -> list[str]:
        """The lines or, without a separator, the words of a column."""
        cells = [headings[column], *(str(row[column]) for row in self.rows)]
        return [part for cell in cells for part in cell.split(separator)]

    def _table(self, widths: dict[int, int], headings: Sequence[str]) -> Table:
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for column, width in widths.items():
            justify: Literal["left", "right"] = "right" if column in self.numbers else "left"
            made.add_column(Text(headings[column]), justify=justify, width=width, no_wrap=column not in self.prose)
        for row in self.rows:
            made.add_row(*(_text(row[column]) for column in widths))
        return made

    def _blocks(self) -> Group:
        parts: list[RenderableType | str] = []
        for row in self.rows:
            lines: list[RenderableType] = [Text(str(row[self.title]), "bold")]
            for heading, cell in zip(self.headings, map(_text, row)):
                if cell.plain and heading != self.headings[self.title]:
                    value = Text(" ").join(cell.split("\n"))
                    lines.append(
                        Padding(Text.assemble((f"{heading}: " if heading else "", FAINT), value), (0, 0, 0, 2))
                    )
            parts.append(Group(*lines))
        return stack(*parts)


def _text(cell: Any) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def stack(*parts: RenderableType | str | None) -> Group:
    """Parts below each other, with an empty line between them; None is left out."""
    shown: list[RenderableType] = []
    for part in parts:
        if part is None:
            continue
        if shown:
            shown.append(Text(""))
        shown.append(Text(part) if isinstance(part, str) else part)
    return Group(*shown)


def shape_text(shape: Sequence[int]) -> str:
    """(4, 3) as "(4, 3)"; a single number has shape "()"."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def amount(number: float) -> str:
    """Three significant digits: 2.2e-10 for small numbers, 0.0123 or 12.3 for ordinary ones."""
    if number == 0:
        return "0"
    return f"{number:.1e}" if not 1e-3 <= abs(number) < 1e5 else f"{number:.3g}"


def size(count: int) -> str:
    """Bytes as "221 kB"."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def counted(number: int, noun: str) -> str:
    """1 gradient, 2 gradients."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
