"""Writes a drawing as SVG without Graphviz, for machines where there is none: the same places, ids and colours."""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from xml.sax.saxutils import escape, quoteattr

from backpropviz.draw.board.dot import FONTS, HEAD
from backpropviz.draw.board.geometry import Drawing, Point, Shape, Text, Wire
from backpropviz.draw.board.themes import LIGHT, Light, Theme, fill_of, ink_of, tint_of
from backpropviz.text import clean_line

_EVERYTHING = Light()


def write_svg(drawing: Drawing, theme: Theme = LIGHT, light: Light = _EVERYTHING) -> str:
    """The drawing as SVG text, the same for the same drawing."""
    return "\n".join([*_Writer(drawing, theme, light).lines(), ""])


class _Writer:
    def __init__(self, drawing: Drawing, theme: Theme, light: Light):
        self.drawing, self.theme, self.light = drawing, theme, light

    def lines(self) -> Iterator[str]:
        drawing, theme = self.drawing, self.theme
        wide, high = f"{drawing.width:g}", f"{drawing.height:g}"
        yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
        yield (
            f'<svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" xmlns="http://www.w3.org/2000/svg"'
            f" font-family={quoteattr(FONTS)}>"
        )
        yield f'<rect width="{wide}" height="{high}" fill="{theme.paper}"/>'
        for wire in drawing.wires:
            yield from self._wire(wire)
        for outline in drawing.outlines:
            box = _box(outline.x, outline.y, outline.width, outline.height)
            yield f'<rect {box} rx="8" fill="none" stroke="{theme.frame}"/>'
        for tile in drawing.tiles:
            box, fill = _box(tile.x, tile.y, tile.width, tile.height), tint_of(theme, tile, self.light)
            edge = ink_of(theme, tile.edge, tile.owner, self.light)
            line = f' stroke="{edge}" stroke-width="{tile.border:.2f}"' if tile.border else ""
            yield f'<rect {box} fill="{fill}"{line}/>'
        for dot in drawing.dots:
            color = ink_of(theme, dot.ink, dot.owner, self.light)
            yield f'<circle cx="{dot.x:.2f}" cy="{dot.y:.2f}" r="{3.2 * drawing.scale:.2f}" fill="{color}"/>'
        for shape in drawing.shapes:
            yield from self._shape(shape)
        for text in drawing.texts:
            yield self._text(text)
        yield "</svg>"

    def _wire(self, wire: Wire) -> Iterator[str]:
        color, scale = ink_of(self.theme, wire.ink, wire.owner, self.light), self.drawing.scale
        thick = scale * (3.0 if wire.owner in self.light.lit else 1.6)
        dashes = f' stroke-dasharray="{6 * scale:.1f},{4 * scale:.1f}"' if wire.ink == "red" else ""
        way = " ".join("M" + " L".join(f"{x:.2f},{y:.2f}" for x, y in line) for line in wire.lines)
        yield f'<g id={quoteattr(wire.id)} class="edge of_{wire.owner}"><title>{_text(wire.told)}</title>'
        yield f'<path fill="none" stroke="{color}" stroke-width="{thick:.2f}"{dashes} d="{way}"/>'
        if wire.arrow:
            points = " ".join(f"{x:.2f},{y:.2f}" for x, y in _head(wire.points, HEAD * scale))
            yield f'<polygon fill="{color}" points="{points}"/>'
        yield "</g>"

    def _shape(self, shape: Shape) -> Iterator[str]:
        if shape.kind == "end":
            return
        badge = shape.kind == "badge"
        id = f"badge_{shape.owner}" if badge else shape.owner
        color, fill = ink_of(self.theme, "ink", shape.owner, self.light), fill_of(self.theme, shape, self.light)
        thick = self.drawing.scale * (3.4 if shape.owner in self.light.lit and not badge else 1.7)
        look = f'fill="{fill}" stroke="{color}" stroke-width="{thick:.2f}"'
        yield f'<g id={quoteattr(id)} class="node of_{shape.owner}"><title>{_text(shape.told)}</title>'
        if shape.kind == "round":
            yield f'<circle {look} cx="{shape.x:.2f}" cy="{shape.y:.2f}" r="{shape.width / 2:.2f}"/>'
        else:
            round_ = {"input": 2.0, "badge": shape.height / 2, "chip": shape.height / 2}.get(shape.kind, 13.0)
            x, y = shape.x - shape.width / 2, shape.y - shape.height / 2
            yield f'<rect {look} {_box(x, y, shape.width, shape.height)} rx="{round_ * 1.0:.2f}"/>'
        yield "</g>"

    def _text(self, text: Text) -> str:
        color = ink_of(self.theme, text.ink, text.owner, self.light)
        bold = ' font-weight="bold"' if text.bold else ""
        return (
            f'<g class="node of_{text.owner}"><text xml:space="preserve" x="{text.x:.2f}"'
            f' y="{text.y + 0.36 * text.size:.2f}" font-size="{text.size:.2f}" fill="{color}"{bold}>'
            f"{_text(text.text)}</text></g>"
        )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"'


def _head(points: list[Point], size: float) -> list[Point]:
    """An arrowhead at the end of a line."""
    (x1, y1), (x2, y2) = points[-2:]
    length = hypot(x2 - x1, y2 - y1) or 1.0
    ux, uy, half = (x2 - x1) / length, (y2 - y1) / length, 0.4 * size
    x, y = x2 - size * ux, y2 - size * uy
    return [(x2, y2), (x - half * uy, y + half * ux), (x + half * uy, y - half * ux)]


def _text(text: str) -> str:
    """Any text; what XML cannot hold is replaced."""
    return escape(clean_line(text))
