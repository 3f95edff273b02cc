"""The page of a wrong line as text: small tables side by side, entries that are wrong marked."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from backpropviz.diagnose.telling.page import Page, Table
from backpropviz.show.numerals import write

_GAP = "   "
_NARROWEST = 30  # columns


def render_page(page: Page, width: int) -> list[str]:
    """The input, then the student's value beside the right one."""
    settings = f"  ({', '.join(page.settings)})" if page.settings else ""
    lines = wrapped(f"on {page.on}{settings}:", width)
    lines += _beside([(_head(its), _cells(its)) for its in page.inputs], width)
    if page.meaning:
        lines += wrapped(f"should come: {page.name}, {page.meaning}", width)
    lines += wrapped(f"came: {page.came}", width)
    blocks = []
    if page.yours is not None:
        blocks.append((f"yours: {_head(page.yours)}", _marked(page.yours, page.right)))
    blocks.append((f"right: {_head(page.right)}", _cells(page.right)))
    return [*lines, *_beside(blocks, width)]


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Words as lines of `width` columns at most, all but the first two further to the right."""
    return textwrap.wrap(text, max(_NARROWEST, width), initial_indent=indent, subsequent_indent=indent + "  ")


def _head(table: Table) -> str:
    """`x[0, 1] of (2, 3, 4, 4)`; a part that begins later says where."""
    at = f"[{', '.join(map(str, table.at))}]" if table.at else ""
    shape = f" {table.shape}" if table.shape else ""
    part = "" if math.prod(table.shape) == sum(map(len, table.rows)) or table.at else ", in part"
    begins = f", from {table.corner}" if any(table.corner) else ""
    return f"{table.name}{at}{' of' if at else ''}{shape}{part}{begins}{'' if table.rows else ': empty'}"


def _cells(table: Table) -> list[list[str]]:
    """The numbers of a table as texts of one width."""
    flat = [float(entry) if isinstance(entry, str) else entry for row in table.rows for entry in row]
    texts = write(flat)
    longest = max(map(len, texts), default=0)
    texts = [text.rjust(longest) for text in texts]
    rows, at = [], 0
    for row in table.rows:
        rows.append(texts[at : at + len(row)])
        at += len(row)
    return rows


def _marked(yours: Table, right: Table) -> list[list[str]]:
    """The student's numbers with a star behind each that is wrong."""
    cells = _cells(yours)
    if (yours.shape, yours.at, yours.corner) != (right.shape, right.at, right.corner):
        return cells
    top = max((abs(float(entry)) for row in right.rows for entry in row), default=0.0)
    signs = [
        ["*" if not abs(float(a) - float(b)) <= 1e-6 * top else " " for a, b in zip(one, other)]
        for one, other in zip(yours.rows, right.rows)
    ]
    if all(sign == "*" for row in signs for sign in row):
        return cells
    return [[text + sign for text, sign in zip(row, marks)] for row, marks in zip(cells, signs)]


def _beside(blocks: Sequence[tuple[str, list[list[str]]]], width: int) -> list[str]:
    """Blocks beside one another as far as the width goes, the others below."""
    lines: list[str] = []
    waiting = [[head, *("  ".join(row) for row in rows)] for head, rows in blocks]
    while waiting:
        group = [waiting.pop(0)]
        while waiting and _width([*group, waiting[0]]) + 2 <= width:
            group.append(waiting.pop(0))
        height = max(map(len, group))
        widths = [max(map(len, block)) for block in group]
        for at in range(height):
            parts = [(block[at] if at < len(block) else "").ljust(wide) for block, wide in zip(group, widths)]
            lines.append(f"  {_GAP.join(parts)}".rstrip())
    return lines


def _width(group: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, block)) for block in group) + len(_GAP) * (len(group) - 1)
