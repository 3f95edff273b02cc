"""The cards of a picture as Graphviz's HTML-like tables: number, name and shape, code, value, and the gradient in red.

All text stands in cells of fixed size, measured for monospaced fonts: the layout is then the same whatever fonts a
machine has. Under a card hang the ends of the red edges that arrive at it, each with its formula on it. They are the
borders of cells: for a label of an edge Graphviz makes room between the cards, which would double the picture's width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from unicodedata import east_asian_width

from backpropviz.code.breaking import broken
from backpropviz.draw.circuit import Vertex
from backpropviz.draw.digits import numerals
from backpropviz.engine.graph import Array
from backpropviz.engine.numbering import bare_number
from backpropviz.text import clean_line

SMALL, LARGE = 10, 11  # of all text, and of names, in points
LINE = 12  # the height of a line of small text
ADVANCE = 0.61  # the width of a character, in font sizes; the widest of the fonts has 0.602
MARGIN = 6  # left and right of the text in a card
INDENT = 12  # of the line a formula stands on
BADGE = 3  # left and right of a step's number
CODE = 23  # characters in a line of code
LINES = 12  # of a formula; what is longer is whole in the tooltip
ROWS, COLUMNS = 6, 4  # larger matrices are summarized
LONGEST = 8  # entries of a vector that is shown whole

BLACK, RED, GREY, WHITE, LIT = "#1a1a1a", "#c0182a", "#5f6773", "#ffffff", "#ffe28a"
_FILLS = {"input": "#fdf3d7", "step": WHITE, "operation": WHITE, "group": "#e4ecf6"}


@dataclass(frozen=True, slots=True)
class Shade:
    """Whether a card's value and its gradient are in full colour or faint, and whether the card is lit."""

    value: bool = True
    gradient: bool = True
    lit: bool = False


def ink(color: str, full: bool) -> str:
    """A colour, or its faint version, which is four parts of five white."""
    parts = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return color if full else "#" + "".join(f"{(part + 4 * 255) // 5:02x}" for part in parts)


def card(vertex: Vertex, terms: list[tuple[str, str, str]], shade: Shade) -> str:
    """The label of a vertex. `value` and `gradient` begin the ports on its left and right, as in "value_left".

    Args:
        terms: the port, formula and colour of every red edge that arrives, from the top.
    """
    assert vertex.value is not None
    black, red = ink(BLACK, shade.value), ink(RED, shade.gradient)
    code, value = wrapped(vertex.code), entries(vertex.value)
    gradient = [*wrapped(vertex.gradient), *entries(vertex.grad)] if vertex.grad is not None else []
    gradient += [line for part in vertex.inner for line in wrapped(part)]
    shape = str(vertex.value.shape)
    number = bare_number(vertex.label)
    badge = text_width(number) + 2 * BADGE if number else 0
    least = badge + text_width(vertex.name, LARGE) + text_width(shape) + 14
    formulas = [wrapped(formula) for _, formula, _ in terms]
    under = [text_width(line) + 7 for lines in formulas for line in lines]
    width = max(least, *under, *(text_width(line) for line in (*code, *value, *gradient)))
    header = ""
    if badge:
        header = table(
            space(BADGE, 15) + cell([number], badge - BADGE, 15, WHITE, bold=True),
            look=f'BORDER="0" BGCOLOR="{black}" STYLE="ROUNDED"',
        )
        header = f"<TD>{header}</TD>" + space(4, 15)
    rest = width - badge - 4 * bool(badge) - text_width(shape)
    header += cell([vertex.name], rest, 15, black, size=LARGE, bold=True)
    header += cell([shape], text_width(shape), 15, ink(GREY, shade.value))
    rows = [space(MARGIN, 5), _between_margins(f"<TD>{table(header)}</TD>", 15), space(MARGIN, 4)]
    for lines, color, port in ((code, black, "code"), (value, black, "value"), (gradient, red, "gradient")):
        height = len(lines) * LINE + 4
        if port == "gradient":
            rows.append(space(MARGIN, 3))
        if lines:
            rows.append(_between_margins(cell(lines, width, height, color), height, port))
    fill = LIT if shade.lit else ink(_FILLS[vertex.kind], shade.value)
    frame = f'BORDER="{2 if vertex.is_output else 1}" COLOR="{black}" BGCOLOR="{fill}"'
    if vertex.kind != "input":
        frame += ' STYLE="ROUNDED"'
    return table(f"<TD>{table(*rows, look=frame)}</TD>", *_arrivals(width + 2 * MARGIN, terms, formulas))


def _between_margins(content: str, height: int, port: str = "") -> str:
    left, right = (f'PORT="{port}_{side}"' if port else "" for side in ("left", "right"))
    return space(MARGIN, height, left) + content + space(MARGIN, height, right)


def _arrivals(width: int, terms: list[tuple[str, str, str]], formulas: list[list[str]]) -> Iterator[str]:
    """A row for every term: its formula on a line that runs to the left and up, to an arrowhead under the card."""
    length = width - INDENT
    for number, ((port, _, color), lines) in enumerate(zip(terms, formulas)):
        line = f'BORDER="1" COLOR="{color}" STYLE="DASHED"'
        height = len(lines) * LINE + 5
        rows = [
            space(INDENT, height) + space(5, height, f'{line} SIDES="L"') + cell(lines, length - 5, height, color),
            space(INDENT, 2) + space(length, 2, f'PORT="{port}" COLSPAN="2" {line} SIDES="T"'),
        ]
        if number == 0:
            rows.insert(
                0, f'<TD COLSPAN="3">{table(space(INDENT - 3, 11) + cell(["▲"], length + 3, 11, color, size=9))}</TD>'
            )
        yield f"<TD>{table(*rows)}</TD>"


# ---- tables ----------------------------------------------------------------------------------------------------------


def table(*rows: str, look: str = 'BORDER="0"') -> str:
    cells = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<TABLE {look} CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{cells}</TABLE>'


def space(width: int, height: int, look: str = "") -> str:
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" {look}></TD>'


def cell(
    lines: list[str],
    width: int,
    height: int,
    color: str,
    *,
    size: int = SMALL,
    bold: bool = False,
    look: str = "",
) -> str:
    """A cell of fixed size with lines of text."""
    text = escaped(lines[0]) if len(lines) == 1 else "".join(f'{escaped(line)}<BR ALIGN="LEFT"/>' for line in lines)
    text = f"<B>{text}</B>" if bold else text
    return (
        f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" ALIGN="LEFT" {look}>'
        f'<FONT COLOR="{color}" POINT-SIZE="{size}">{text}</FONT></TD>'
    )


def escaped(text: str) -> str:
    """Text for an HTML-like label, in which backslashes escape, too. What XML cannot hold is replaced."""
    text = clean_line(text)
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("\\", r"\\")
        or " "
    )


def text_width(text: str, size: int = SMALL) -> int:
    """The width of a line of monospaced text, in points."""
    columns = sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
    return ceil(columns * ADVANCE * size)


def wrapped(code: str) -> list[str]:
    """Code in lines of `CODE` characters, broken where a person would; a sum of a hundred terms is cut off."""
    lines = _lines(code)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"{lines[LINES - 1]} ..."]


def is_cut(code: str) -> bool:
    """Whether a card has no room for all of it."""
    return len(_lines(code)) > LINES


def _lines(code: str) -> list[str]:
    text = " ".join(code.split())
    lines = [text] if 0 < len(text) <= CODE else broken(text, CODE - 2)
    return [f"  {line}" if number else line for number, line in enumerate(lines)]


# ---- numbers ---------------------------------------------------------------------------------------------------------


def entries(array: Array) -> list[str]:
    """An array in lines: whole and aligned if it is small, by its minimum, mean and maximum if it is not."""
    if array.size == 0:
        return ["no entries"]
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    if array.ndim == 1 and COLUMNS < array.size <= LONGEST:
        texts = numerals(array.tolist())
        return [f"[{' '.join(texts[:COLUMNS])}", f" {' '.join(texts[COLUMNS:])}]"]
    if array.ndim > 2 or rows.shape[0] > ROWS or rows.shape[1] > COLUMNS:
        sizes = abs(array) if array.dtype.kind == "c" else array
        extent = numerals([float(sizes.min()), float(sizes.mean()), float(sizes.max())])
        return [f"{word} {text}" for word, text in zip(("min ", "mean", "max "), extent)]
    texts = numerals(rows.ravel().tolist())
    lines = [" ".join(texts[at : at + rows.shape[1]]) for at in range(0, array.size, rows.shape[1])]
    return [f"[{line}]" for line in lines] if array.ndim else lines
