"""One look for all tables: headings, right-aligned numbers, data never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

GOOD, BAD, FAINT = "green", "bold red", "dim"


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Iterable[int] = ()) -> Table:
    """A table of texts; the columns in `numbers` are aligned to the right and never broken."""
    numbers = set(numbers)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for i, heading in enumerate(headings):
        made.add_column(
            Text(heading), justify="right" if i in numbers else "left", no_wrap=i in numbers, overflow="fold"
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


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
