"""Puts a board on its page: in its place and size, with title, legend, and what the letters stand for."""

from __future__ import annotations

import textwrap
from copy import copy
from typing import TYPE_CHECKING

from backpropviz.code.breaking import LEADING, broken, columns, width
from backpropviz.draw.board.geometry import Drawing, Ink, Outline, Text, Tile, Wire
from backpropviz.draw.board.record import Board
from backpropviz.draw.board.sizing import EDGE, FOOTER, HEADER, MARGIN, TITLE, Fitted

if TYPE_CHECKING:
    from backpropviz.draw.telling import Told

_SMALL = 14.0
_SAID = 16.0  # the size of what is told about a step
_MOST = 8  # lines of it
_LINE = 28.0  # the middle of the title


def compose(fitted: Fitted, board: Board, legend: bool = True, size: str = "slide") -> Drawing:
    """The whole picture of a board."""
    drawing, scale = fitted.drawing, fitted.scale
    edge = EDGE if size == "page" else MARGIN
    page = Drawing(fitted.width, fitted.height, board.title, scale=scale, smallest=fitted.smallest)
    left = (page.width - drawing.width * scale) / 2
    top = HEADER + max(0.0, (page.height - HEADER - FOOTER - fitted.room - drawing.height * scale) / 2)
    if size == "page":
        left = edge
    _moved(drawing, left, top, scale)
    for name in ("shapes", "texts", "wires", "dots", "tiles", "outlines"):
        setattr(page, name, getattr(drawing, name))
    x = edge
    if board.title:
        page.texts.append(Text("title", x, _LINE, board.title, TITLE, "ink", True))
        x += width(board.title, TITLE) + 50
    if legend:
        if x > edge and x + 480 > page.width - edge:
            x = page.width  # no room beside the title
        else:
            _legend(page, x, any(wire.ink == "red" for wire in drawing.wires))
        _footer(page, board, edge)
    top = page.height - FOOTER - fitted.room + 4
    for number, line in enumerate(fitted.below):
        ink: Ink = "red" if line.owner.startswith(("backward", "sum", "inner")) else "ink"
        right, down = divmod(number, (len(fitted.below) + 1) // 2)
        y = top + (down + 0.5) * _SMALL * LEADING
        page.texts.append(Text(line.owner, edge + right * (page.width / 2 - edge), y, line.text, _SMALL, ink))
    return page


def _legend(page: Drawing, x: float, red: bool) -> None:
    kinds: list[tuple[Ink, str]] = [("ink", "forward: values")]
    kinds += [("red", "backward: gradients")] if red else []
    for ink, text in kinds:
        points = [(x, _LINE), (x + 46, _LINE)] if ink == "ink" else [(x + 46, _LINE), (x, _LINE)]
        id = f"legend_{ink}"
        page.wires.append(Wire(id, "legend", ink, points, "", "", lines=[points]))
        page.texts.append(Text("legend", x + 56, _LINE, text, _SMALL, ink))
        x += 56 + width(text, _SMALL) + 40


def _footer(page: Drawing, board: Board, edge: float) -> None:
    told = [f"{letter} = {meaning}" for letter, meaning in board.lengths.items()]
    told += ["where red wires meet, their gradients add up"] if any(gate.sum for gate in board.gates) else []
    lines = broken("; ".join(told), int((page.width - 2 * edge) / width(" ", _SMALL))) if told else []
    for number, line in enumerate(lines):
        y = page.height - FOOTER / 2 - (len(lines) - 1 - number) * _SMALL * LEADING
        page.texts.append(Text("legend", edge, y, line, _SMALL, "grey"))


def _lines_of(told: Told, room: float) -> list[tuple[str, Ink, bool]]:
    """The lines of what is told: title, sentence, and in red what arrives and is handed back."""
    fit = int(room / width(" ", _SAID))
    lines: list[tuple[str, Ink, bool]] = [(told.title, "ink", True)] if columns(told.title) <= fit else []
    lines += [(line, "ink", False) for line in textwrap.wrap(told.sentence, fit)]
    for text in told.lines:
        lines += [(line if at == 0 else f"  {line}", "red", False) for at, line in enumerate(broken(text, fit - 6))]
    return lines


def height_of(told: Told, room: float = 1600.0 - 2 * MARGIN) -> float:
    """The room that words need at the bottom of a picture."""
    return min(len(_lines_of(told, room)), _MOST) * _SAID * LEADING + 24


def write_below(page: Drawing, told: Told) -> Drawing:
    """A picture with words at its bottom."""
    made = copy(page)
    lines = _lines_of(told, page.width - 2 * MARGIN)
    lines = [*lines[: _MOST - 1], ("⋮", "red", False)] if len(lines) > _MOST else lines
    top = page.height - FOOTER - len(lines) * _SAID * LEADING - 6
    made.texts = list(page.texts)
    for number, (text, ink, bold) in enumerate(lines):
        y = top + (number + 0.5) * _SAID * LEADING
        made.texts.append(Text("legend", MARGIN + 2 * _SAID * (ink == "red"), y, text, _SAID, ink, bold))
    return made


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
