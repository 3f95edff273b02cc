"""Puts a board on its page: in its place and size, with title, legend, and what the letters stand for."""

from __future__ import annotations

from backpropviz.code.breaking import LEADING, broken, width
from backpropviz.draw.board.geometry import Drawing, Ink, Outline, Text, Tile, Wire
from backpropviz.draw.board.record import Board
from backpropviz.draw.board.sizing import (
    EDGE,
    FOOTER,
    FOOTNOTE,
    HEADER,
    LEGEND,
    MARGIN,
    TITLE,
    Fitted,
    beside_title,
    footnote,
    is_beside_title,
    legend_below,
    title_lines,
)

_SMALL = 14.0
_LINE = 28.0  # the middle of the title


def compose(fitted: Fitted, board: Board, legend: bool = True, size: str = "slide") -> Drawing:
    """The whole picture of a board."""
    drawing, scale = fitted.drawing, fitted.scale
    edge = EDGE if size == "page" else MARGIN
    page = Drawing(fitted.width, fitted.height, board.title, scale=scale, smallest=fitted.smallest)
    left = (page.width - drawing.width * scale) / 2
    bottom = FOOTER if size == "slide" else FOOTNOTE
    top = fitted.header + max(0.0, (page.height - fitted.header - bottom - fitted.room - drawing.height * scale) / 2)
    if size == "page":
        left = edge
    _moved(drawing, left, top, scale)
    for name in ("shapes", "texts", "wires", "dots", "tiles", "outlines"):
        setattr(page, name, getattr(drawing, name))
    room, x, y = page.width - 2 * edge, edge, _LINE
    for number, words in enumerate(title_lines(board, room)):
        page.texts.append(Text("title", edge, _LINE + number * TITLE * LEADING, words, TITLE, "ink", True))
    if legend_below(board, room):
        y = fitted.header - HEADER + _LINE
    elif board.title:
        x += beside_title(board)
    if legend:
        _legend(page, x, y, any(wire.ink == "red" for wire in drawing.wires))
        _footnote(page, board, edge)
    top = page.height - FOOTER - fitted.room + 4
    for number, line in enumerate(fitted.below.lines):
        ink: Ink = "red" if line.owner.startswith(("backward", "sum", "inner")) else "ink"
        right, down = divmod(number, fitted.below.deep)
        y = top + (down + 0.5) * _SMALL * LEADING
        page.texts.append(
            Text(line.owner, edge + right * (page.width - 2 * edge) / fitted.below.columns, y, line.text, _SMALL, ink)
        )
    return page


def _legend(page: Drawing, x: float, y: float, red: bool) -> None:
    kinds: list[tuple[Ink, str]] = [("ink", "forward: values")]
    kinds += [("red", "backward: gradients")] if red else []
    for ink, text in kinds:
        points = [(x, y), (x + 46, y)] if ink == "ink" else [(x + 46, y), (x, y)]
        id = f"legend_{ink}"
        page.wires.append(Wire(id, "legend", ink, points, "", "", lines=[points]))
        page.texts.append(Text("legend", x + 56, y, text, _SMALL, ink))
        x += 56 + width(text, _SMALL) + 40


def _footnote(page: Drawing, board: Board, edge: float) -> None:
    """Behind title and legend, or at the bottom."""
    told = footnote(board)
    if told and is_beside_title(board, page.width, edge):
        x = edge + beside_title(board) + LEGEND
        page.texts.append(Text("legend", x, _LINE, told, _SMALL, "grey"))
        return
    lines = broken(told, int((page.width - 2 * edge) / width(" ", _SMALL)))
    for number, line in enumerate(lines):
        y = page.height - FOOTNOTE / 2 - (len(lines) - 1 - number) * _SMALL * LEADING
        page.texts.append(Text("legend", edge, y, line, _SMALL, "grey"))


def _moved(drawing: Drawing, left: float, top: float, scale: float) -> None:
    """Scale a drawing and move it to its place."""
    for shape in drawing.shapes:
        shape.x, shape.y = left + shape.x * scale, top + shape.y * scale
        shape.width, shape.height = shape.width * scale, shape.height * scale
    for text in drawing.texts:
        text.x, text.y, text.size = left + text.x * scale, top + text.y * scale, text.size * scale
    for wire in drawing.wires:
        wire.points = [(left + x * scale, top + y * scale) for x, y in wire.points]
        wire.lines = [[(left + x * scale, top + y * scale) for x, y in line] for line in wire.lines]
    for dot in drawing.dots:
        dot.x, dot.y = left + dot.x * scale, top + dot.y * scale
    boxes: list[Tile | Outline] = [*drawing.tiles, *drawing.outlines]
    for box in boxes:
        box.x, box.y = left + box.x * scale, top + box.y * scale
        box.width, box.height = box.width * scale, box.height * scale
