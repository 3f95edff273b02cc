"""Writes a drawing in DOT with the place of everything in it, for Graphviz to draw as it is (engine `nop2`).

Each piece of text is a node of its own, so that no font can move it; gates, boxes and dots are nodes, too, and wires
are edges with their way written out. Ids are plain, and every text is escaped.
"""

from __future__ import annotations

from math import hypot

import graphviz

from backpropviz.code.breaking import width
from backpropviz.draw.board.geometry import Drawing, Outline, Point, Shape, Text, Tile, Wire
from backpropviz.draw.board.themes import LIGHT, Light, Theme, fill_of, ink_of, tint_of
from backpropviz.text import clean_line

FONTS = "DejaVu Sans Mono,Menlo,Consolas,monospace"
BOLD = "DejaVu Sans Mono Bold"
POINTS = 0.75  # of a pixel
HEAD = 9.0  # the length of an arrowhead, in pixels
LONGEST = 2000  # characters: Graphviz reads none above 16384, and escaping makes up to six of one
_EVERYTHING = Light()
_TEXTS = ("label", "tooltip")  # what else is written of a thing is plain


def write_dot(drawing: Drawing, theme: Theme = LIGHT, light: Light = _EVERYTHING) -> str:
    """The DOT text of a drawing, the same for the same drawing. `light` changes colours and nothing else."""
    return _Writer(drawing, theme, light).write()


class _Writer:
    def __init__(self, drawing: Drawing, theme: Theme, light: Light):
        self.drawing, self.theme, self.light = drawing, theme, light
        self.graph = graphviz.Digraph("circuit", engine="neato")
        wide, high = drawing.width * POINTS, drawing.height * POINTS
        self.graph.attr(
            "graph",
            bgcolor=theme.paper,
            pad="0",
            margin="0",  # a PDF has half an inch of it otherwise, and is no slide then
            outputorder="edgesfirst",
            splines="true",
            viewport=f"{wide:g},{high:g},1,{wide / 2:g},{high / 2:g}",
        )
        self.graph.attr(
            "node", fontname=FONTS, fixedsize="shape", label="", margin="0", penwidth=_n(drawing.scale * 1.3)
        )
        self.graph.attr("edge", penwidth=_n(drawing.scale * 1.25), arrowsize=_n(drawing.scale * HEAD * POINTS / 10))

    def write(self) -> str:
        drawing = self.drawing
        # Graphviz keeps a graph's bounds around its nodes
        for name, x, y in (("corner_1", 0.0, 0.0), ("corner_2", drawing.width, drawing.height)):
            self._node(name, pos=self._pos(x, y), shape="none", width="0", height="0", style="invis")
        for number, outline in enumerate(drawing.outlines):
            self._outline(outline, number)
        for number, tile in enumerate(drawing.tiles):
            self._tile(tile, number)
        for dot in drawing.dots:
            color = ink_of(self.theme, dot.ink, dot.owner, self.light)
            size = _n(6.4 * drawing.scale / 96)
            self._node(
                dot.id, id=dot.id, shape="circle", width=size, height=size, style="filled", color=color,
                fillcolor=color, penwidth="0", pos=self._pos(dot.x, dot.y), **{"class": _class(dot.owner)},
            )  # fmt: skip
        for shape in drawing.shapes:
            self._shape(shape)
        for number, text in enumerate(drawing.texts):
            self._text(text, number)
        for wire in drawing.wires:
            self._wire(wire)
        source: str = self.graph.source
        return source

    def _node(self, name: str, **look: str) -> None:
        self._statement(name, look)

    def _statement(self, what: str, look: dict[str, str]) -> None:
        """A line of the graph: the package's own way to write one looks for what has to be quoted in every value, and
        takes most of the time of a large board."""
        quoted = (
            f"{key}={graphviz.quoting.quote(value)}" if key in _TEXTS else f'{key}="{value}"'
            for key, value in look.items()
        )
        self.graph.body.append(f"\t{what} [{' '.join(quoted)}]\n")

    def _pos(self, x: float, y: float) -> str:
        return f"{_n(x * POINTS)},{_n((self.drawing.height - y) * POINTS)}"

    def _outline(self, outline: Outline, number: int) -> None:
        x, y = outline.x + outline.width / 2, outline.y + outline.height / 2
        self._node(
            f"outline_{number}", id=outline.id, shape="box", style="rounded", color=self.theme.frame,
            width=_n(outline.width / 96), height=_n(outline.height / 96), pos=self._pos(x, y),
            tooltip=escaped(" ".join(outline.title)),
        )  # fmt: skip

    def _tile(self, tile: Tile, number: int) -> None:
        x, y = tile.x + tile.width / 2, tile.y + tile.height / 2
        self._node(
            f"tile_{number}", shape="box", style="filled", penwidth=_n(tile.border),
            color=ink_of(self.theme, tile.edge, tile.owner, self.light) if tile.border else "transparent",
            fillcolor=tint_of(self.theme, tile, self.light), width=_n(tile.width / 96),
            height=_n(tile.height / 96), pos=self._pos(x, y), **{"class": _class(tile.owner)},
        )  # fmt: skip

    def _shape(self, shape: Shape) -> None:
        badge = shape.kind == "badge"
        name = f"badge_{shape.owner}" if badge else shape.owner
        color = ink_of(self.theme, "ink", shape.owner, self.light)
        look = {"shape": "box", "style": "filled" if shape.kind == "input" else "rounded,filled"}
        if shape.kind in ("round", "badge") and abs(shape.width - shape.height) < 0.01:
            look = {"shape": "circle", "style": "filled"}
        if shape.kind == "end":
            look = {"shape": "box", "style": "", "penwidth": "0"}
            color = "transparent"
        if shape.owner in self.light.lit and not badge:
            look["penwidth"] = _n(self.drawing.scale * 2.6)
        if shape.kind == "group":
            look["peripheries"] = "1"
        self._node(
            name, id=name, width=_n(shape.width / 96), height=_n(shape.height / 96), pos=self._pos(shape.x, shape.y),
            color=color, fillcolor=fill_of(self.theme, shape, self.light), tooltip=escaped(shape.told or shape.owner),
            **{"class": _class(shape.owner)}, **look,
        )  # fmt: skip

    def _text(self, text: Text, number: int) -> None:
        wide = width(text.text, text.size)
        self._node(
            f"text_{number}", shape="none", label=f"{escaped(text.text)}\\l", fontsize=_n(text.size * POINTS),
            fontcolor=ink_of(self.theme, text.ink, text.owner, self.light),
            width=_n(wide / 80), height=_n(text.size / 54), pos=self._pos(text.x + wide * 0.6, text.y),
            **{"class": _class(text.owner)}, **({"fontname": BOLD} if text.bold else {}),
        )  # fmt: skip

    def _wire(self, wire: Wire) -> None:
        if not wire.tail:
            for end, (x, y) in (("tail", wire.points[0]), ("head", wire.points[-1])):
                self._node(f"{wire.id}_{end}", pos=self._pos(x, y), shape="none", width="0", height="0", style="invis")
        look = {"style": "dashed"} if wire.ink == "red" else {}
        if wire.owner in self.light.lit:
            look["penwidth"] = _n(self.drawing.scale * 2.4)
        if not wire.arrow:
            look["arrowhead"] = "none"
        lines = [line for line in wire.lines if len(line) > 1]
        ways = [self._way(line, wire.arrow and line is lines[-1]) for line in lines]
        look |= {"id": wire.id, "class": _class(wire.owner), "pos": ";".join(ways)}
        look |= {
            "color": ink_of(self.theme, wire.ink, wire.owner, self.light),
            "tooltip": escaped(wire.told or wire.id),
        }
        tail, head = wire.tail or f"{wire.id}_tail", wire.head or f"{wire.id}_head"
        self._statement(f"{tail} -> {head}", look)

    def _way(self, line: list[Point], arrow: bool) -> str:
        """A line as the points of a curve that is straight between them."""
        end = ""
        if arrow:
            (x1, y1), (x2, y2) = line[-2:]
            length = max(hypot(x2 - x1, y2 - y1), 1e-6)
            short = min(HEAD * self.drawing.scale, length * 0.9)
            line = [*line[:-1], (x2 - (x2 - x1) / length * short, y2 - (y2 - y1) / length * short)]
            end = f"e,{self._pos(x2, y2)} "
        points = [self._pos(*line[0])]
        for one, two in zip(line, line[1:]):
            points += [self._pos(*one), self._pos(*two), self._pos(*two)]
        return end + " ".join(points)


def escaped(text: str) -> str:
    """Text that Graphviz takes as it is, in one line; what XML cannot hold is replaced, and what is very long cut."""
    text = clean_line(text)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return graphviz.escape(text.replace("&", "&amp;")) or " "  # labels may name letters, as in "&lt;"


def _class(owner: str) -> str:
    return f"of_{owner}"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.005 else "0" if value == 0 else f"{value:.4f}"
