"""Fits a board into its frame: how texts are broken, where a long board is cut into rows, and how large all becomes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Literal, NamedTuple

from backpropviz.code.breaking import LEADING, broken, width
from backpropviz.draw.board.anchors import Spacing
from backpropviz.draw.board.blocks import DIGITS, SIZE, Formula, Shown, Style
from backpropviz.draw.board.cutting import MANY, even, filling
from backpropviz.draw.board.drafting import draw
from backpropviz.draw.board.geometry import Drawing
from backpropviz.draw.board.grid import Grid, lay_out
from backpropviz.draw.board.placing import Places
from backpropviz.draw.board.record import Board
from backpropviz.draw.board.spacing import Spacer

Size = Literal["slide", "page", "free"]

SLIDE = (1600.0, 900.0)
PAGE = 760.0  # the width of a column
LEAST, LEAST_DIGITS = 14.0, 12.0  # what can be read on a slide
_MOST_ROWS = 6  # that a board is cut into on a slide
LARGEST = 2.1  # small boards are not blown up farther than that
MARGIN = 24.0
EDGE = 16.0  # the same on a page
_PAGE_BREAKS = ((14, 10), (18, 12), (22, 12), (26, 14), (34, 16))
TITLE = 24.0  # the size of a title
HEADER, FOOTER = 50.0, 18.0
LEGEND = 480.0  # how wide it is
FOOTNOTE = 34.0  # the footer of a page: a slide has room for its words beside the title
_BREAKS = (
    (12, 10),
    (14, 10),
    (16, 10),
    (16, 14),
    (18, 12),
    (20, 10),
    (20, 14),
    (22, 12),
    (24, 14),
    (27, 14),
    (30, 14),
    (38, 20),
)
_SHOWN = (
    Shown(6, 3),
    Shown(6, 2),
    Shown(3, 3),
    Shown(3, 2),
    Shown(2, 2),
    Shown(1, 2),
    Shown(1, 2, beside=True),
)  # arrays, with fewer and fewer numbers
_FEW_BREAKS = ((10, 8), (12, 8), (12, 10), (16, 10), (20, 14), (30, 14))  # where more would take long
_WHOLE = 48, 30  # where a board may be as wide as it becomes, only what is longer than that is broken
_LAST_WITH_VALUES = tuple((longest, False) for longest in (44, 26, 16, 14))
"""Columns of a formula that stands on its wire where others go below the board, and whether boxes are flat."""
_LAST = ((None, True), (44, False), (44, True), (26, False))  # the same where there are no arrays,
_BARE = ((26, True), (16, True), (10, True))  # and where little but names is left on the board
_TALL = 6  # lines; what is higher hangs down from its wire like a list
_HANGING = 0.03  # what every further line costs
_TEARING = 0.05  # and every line that ends inside of brackets; on a page so many pixels:
_TEARING_ON_PAGE = 24.0
_NARROW = {10: 0.14, 12: 0.1, 14: 0.06, 16: 0.03}  # what it costs to break formulas into short lines


class Below(NamedTuple):
    """What stands below a board: its lines, in how many columns, and whether a formula takes more than one line."""

    lines: list[Formula]
    columns: int = 1
    torn: bool = False

    @property
    def deep(self) -> int:
        """The lines of a column."""
        return -(-len(self.lines) // self.columns)

    @property
    def height(self) -> float:
        return self.deep * SIZE * LEADING + (8.0 if self.lines else 0.0)


@dataclass(slots=True)
class Fitted:
    """A drawing of a board without its heading: its scale, the size of the page, its rows, what is below and above it,
    and whether little but names is left on it."""

    drawing: Drawing
    scale: float
    width: float
    height: float
    rows: int = 1
    room: float = 0.0
    below: Below = field(default_factory=lambda: Below([]))
    header: float = HEADER
    bare: bool = False

    @property
    def smallest(self) -> float:
        return SIZE * self.scale


def footnote(board: Board) -> str:
    """What the letters of a board stand for, and what a sum means on it."""
    told = [f"{letter} = {meaning}" for letter, meaning in board.lengths.items()]
    told += ["where red wires meet, their gradients add up"] if any(gate.sum for gate in board.gates) else []
    return "; ".join(told)


def title_lines(board: Board, room: float) -> list[str]:
    """The title, in as many lines as it needs."""
    if width(board.title, TITLE) <= room:
        return [board.title] if board.title else []
    return textwrap.wrap(board.title, int(room / width(" ", TITLE)))


def legend_below(board: Board, room: float) -> bool:
    """Whether the legend finds no room beside the title."""
    return bool(board.title) and beside_title(board) + LEGEND > room


def beside_title(board: Board) -> float:
    """Where the legend begins beside a title."""
    return width(board.title, TITLE) + 50


def _header(board: Board, room: float, legend: bool) -> float:
    lines = len(title_lines(board, room)) + (legend and legend_below(board, room))
    return HEADER + max(0, lines - 1) * TITLE * LEADING


def is_beside_title(board: Board, wide: float, edge: float) -> bool:
    """Whether the title and the legend of a page leave room for these words."""
    return edge + beside_title(board) + LEGEND + width(footnote(board), SIZE) <= wide - edge


def fit(board: Board, size: Size, values: bool = False, footer: float = FOOTER, legend: bool = True) -> Fitted:
    """The board in the style and size in which its text is largest, with room for what stands above and below it."""
    grid, more = lay_out(board), footer - FOOTER
    if size == "free":
        draft = Places(Spacer(grid, Style(*_WHOLE, values=Shown() if values else None)).solve())
        wide = max(draft.widths[0], beside_title(board) + LEGEND) + 2 * MARGIN
        return Fitted(draw(draft), 1.0, wide, draft.height + HEADER + FOOTNOTE + more, room=more)
    if size == "page":
        return _on_page(grid, values, more, _header(board, PAGE - 2 * EDGE, legend))
    if not is_beside_title(board, SLIDE[0], MARGIN):
        footer += FOOTNOTE - FOOTER
    return _on_slide(grid, values, footer, _header(board, SLIDE[0] - 2 * MARGIN, legend))


def _on_slide(grid: Grid, values: bool, footer: float, header: float) -> Fitted:
    room = SLIDE[0] - 2 * MARGIN, SLIDE[1] - header - footer
    best = _Best(room, max(LEAST / SIZE, LEAST_DIGITS / DIGITS if values else 0))
    spacer = cache(partial(Spacer, grid))  # most boards are large enough long before every style is tried
    if len(grid.stations) > MANY:
        rows = round((len(grid.stations) / 2) ** 0.5)
        best.improve([Spacer(grid, Style(20, 14, True, _SHOWN[-1] if values else None))], rows)
    for shown in () if best.spacing is not None else _SHOWN if values else (None,):
        if best.scale < 0.85 * best.least and shown in _SHOWN[1:-2]:
            continue  # a little less will not do
        for rows in range(1, _MOST_ROWS + 1):
            for shapes in (True, False):
                if not best.is_enough:
                    best.improve(map(spacer, _styles(shown, shapes)), rows)
    # names alone say little: before it comes to that, groups are folded, unless arrays stand there, too
    for longest, flat in () if len(grid.stations) > MANY else _LAST_WITH_VALUES if values else _LAST + _BARE:
        for rows in (1, 2, 3):
            for shapes in (True, False):
                if not best.is_enough or (best.tall and (longest, flat) == _LAST[1] and shapes):
                    for shown in _SHOWN[-2:] if values else (None,):
                        styles = _styles(shown, shapes, _BREAKS if flat else _FEW_BREAKS)
                        best.improve((spacer(replace(style, longest=longest, flat=flat)) for style in styles), rows)
    assert best.spacing is not None
    rows, below = len(best.spacing.segments), lines_below(best.spacing.below)
    high = room[1] - below.height
    drawing = draw(_filled(best.spacing, room[0] / best.scale, high / best.scale))
    return Fitted(
        drawing, best.scale, *SLIDE, rows, footer - FOOTER + below.height, below, header, _is_bare(best.spacing)
    )


def _is_bare(spacing: Spacing) -> bool:
    return (spacing.style.longest, spacing.style.flat) in _BARE


def lines_below(formulas: list[Formula]) -> Below:
    """What stands below a board, codes first, in as many columns as take least room with formulas whole if possible."""
    ordered = sorted(formulas, key=lambda each: each.owner.startswith(("backward", "sum", "inner")))
    return min((_in_columns(ordered, many) for many in (1, 2, 3)), key=lambda each: each.deep + 2 * each.torn)


def _in_columns(formulas: list[Formula], many: int) -> Below:
    room = int((SLIDE[0] - 2 * MARGIN) / many / width(" ", SIZE)) - 5
    lines = [
        each._replace(text=f"{'    ' if number else ''}{line}")
        for each in formulas
        for number, line in enumerate(broken(each.text, room))
    ]
    return Below(lines, many, torn=len(lines) > len(formulas))


@dataclass(slots=True)
class _Best:
    """The best spacing found so far, and how large it becomes in a room."""

    room: tuple[float, float]
    least: float
    worth: float = 0.0
    scale: float = 0.0
    tall: int = 0  # lines of formulas beyond those that stand well on a wire
    spacing: Spacing | None = None
    full: set[Spacer] = field(default_factory=set)  # their height is what limits them: more rows only make them smaller

    @property
    def is_enough(self) -> bool:
        return self.scale >= self.least

    def improve(self, spacers: Iterable[Spacer], rows: int) -> None:
        """Look for a better spacing that is cut into rows of the page."""
        for spacer in spacers:
            if spacer in self.full:
                continue
            spacing = spacer.solve(even(spacer, rows))
            wide = max(spacing.widths)
            if len(spacing.segments) < rows or _worth(self.room[0] / wide, self.least, spacer.style) <= self.worth:
                continue
            high = self.room[1] - lines_below(spacing.below).height
            places = Places(spacing)
            scale = min(self.room[0] / wide, high / places.height, LARGEST)
            if scale < self.room[0] / wide:
                self.full.add(spacer)
            tall = sum(max(0, len(block.lines) - _TALL) for block in places.blocks.values())
            worth = _worth(scale, self.least, spacer.style)
            worth -= _HANGING * tall + _TEARING * _torn(places) if scale >= self.least else 0.0
            if worth > self.worth * 1.001:
                self.worth, self.scale, self.tall = worth, scale, tall
                self.spacing = replace(spacing, x=dict(spacing.x))


def _worth(scale: float, least: float, style: Style) -> float:
    """What can be read comes first; then large text counts, and formulas in few lines."""
    return scale if scale < least else 2.0 + min(scale, 1.35) - _NARROW.get(style.formula, 0.0)


def _torn(places: Places) -> int:
    """How many lines of formulas end inside of brackets."""
    return sum(block.torn for block in (*places.blocks.values(), *places.under.values()))


def _styles(values: Shown | None, shapes: bool, breaks: tuple[tuple[int, int], ...] = _BREAKS) -> Iterator[Style]:
    """Ways to break texts; names above their shapes, or beside them."""
    for formula, inside in breaks:
        for stacked in (False, True) if shapes else (False,):
            yield Style(formula, inside, stacked, values, shapes)


def _filled(spacing: Spacing, wide: float, high: float) -> Places:
    """Spread out over the frame, but not so far that what belongs together falls apart."""
    extra = [min(max(0.0, wide - each), 0.5 * each) for each in spacing.widths]
    shared = min(max(each + more for each, more in zip(spacing.widths, extra)), wide)
    extra = [max(0.0, min(shared - each, 0.5 * each)) for each in spacing.widths]
    places = Places(spacing, extra)
    gaps = sum(len(rows) for rows in places.rows)
    places.stack(min(max(0.0, (high - places.height) / (gaps + 1)), 110.0))
    return places


def _on_page(grid: Grid, values: bool, footer: float, header: float) -> Fitted:
    """As wide as a column of text, and no higher than it must be."""
    room = PAGE - 2 * EDGE
    best: tuple[float, float, Spacing] | None = None
    for formula, inside in _PAGE_BREAKS:
        spacer = Spacer(grid, Style(formula, inside, True, Shown() if values else None))
        for part in (1.0, 0.92, 0.84, 0.76, 0.6, 0.4):
            spacing = spacer.solve(filling(spacer, room * part))
            scale = min(1.0, room / max(spacing.widths))
            places = Places(spacing)
            found = 1 / scale, (places.height + _TEARING_ON_PAGE * _torn(places)) * scale
            if best is None or found < best[:2]:
                best = *found, replace(spacing, x=dict(spacing.x))
            if scale == 1.0:
                break
    assert best is not None
    scale, spacing = 1 / best[0], best[2]
    places = _filled(spacing, room / scale, 0.0)
    high = places.height * scale + header + footer + FOOTNOTE
    return Fitted(draw(places), scale, PAGE, high, len(spacing.segments), footer, header=header)
