r"""Writes a board for LaTeX: a TikZ picture with the same places as every other picture of it, as wide as a line.

Lengths are parts of `\linewidth`, and so are the sizes of letters: whatever the width of the text, the picture is the
same. Texts stand where the layout put them, off all lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from backpropviz.code.notation import escape_latex
from backpropviz.draw.board.geometry import Drawing, Outline, Shape, Text, Tile, Wire
from backpropviz.draw.board.themes import LIGHT, Light, Theme, tint_of

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{amsmath, amssymb}
\usepackage{tikz}
\usetikzlibrary{arrows.meta}
\usepackage[paperwidth=190mm, paperheight=HEIGHTmm, margin=8mm]{geometry}
\pagestyle{empty}
\setlength{\parindent}{0pt}
"""
_SIGNS = {
    "×": r"$\times$", "÷": r"$\div$", "−": "$-$", "√": r"$\surd$", "²": "$^2$", "³": "$^3$", "ᵀ": r"$^{\mathsf T}$",
    "⋮": r"$\vdots$", "→": r"$\to$", "←": r"$\leftarrow$",
}  # fmt: skip
_STYLES = r"""  x=\backpropunit, y=-\backpropunit, line width=1.4\backpropunit,
  forward/.style={draw=ink}, backward/.style={draw=red, dash pattern=on \backpropdash off \backpropgap},
  ahead/.style={-{Stealth[length=\backproplength, width=\backpropwidth]}},
  gate/.style={draw=ink, fill=gate}, input/.style={draw=ink, fill=input}, group/.style={draw=ink, fill=group},
  said/.style={anchor=mid west, inner sep=0pt, outer sep=0pt},
"""


def tikz(drawing: Drawing, whole: bool = True, theme: Theme = LIGHT) -> str:
    """A drawing as LaTeX.

    Args:
        whole: a document of its own; otherwise the picture alone, to be included where tikz, arrows.meta, amssymb and
            a font of any size (lmodern) are loaded.
    """
    picture = "\n".join([*_lines(drawing, theme), ""])
    if not whole:
        return picture
    height = round(174 * drawing.height / drawing.width) + 24
    return f"{_PREAMBLE.replace('HEIGHT', str(height))}\\begin{{document}}\n{picture}\\end{{document}}\n"


def _lines(drawing: Drawing, theme: Theme) -> Iterator[str]:
    yield r"\begingroup"
    yield r"\ifdefined\backpropunit\else\newlength{\backpropunit}\fi"
    yield rf"\setlength{{\backpropunit}}{{\dimexpr\linewidth/{round(drawing.width)}\relax}}"
    for name, size in (("dash", 5), ("gap", 4), ("length", 9), ("width", 7)):
        yield rf"\pgfmathsetlengthmacro{{\backprop{name}}}{{{size}\backpropunit}}"
    for name in ("ink", "red", "grey", "paper", "gate", "input", "group", "frame"):
        yield rf"\definecolor{{{name}}}{{HTML}}{{{getattr(theme, name)[1:].upper()}}}"
    # \said{x}{y}{size}{colour}{text}
    yield (
        r"\providecommand{\said}[5]{\node[said, text=#4] at (#1, #2) "
        r"{\fontsize{#3\backpropunit}{#3\backpropunit}\selectfont\ttfamily #5};}"
    )
    yield "\\noindent\\begin{tikzpicture}[\n" + _STYLES + "]"
    yield rf"  \useasboundingbox (0, 0) rectangle ({_n(drawing.width)}, {_n(drawing.height)});"
    yield from (f"  {_outline(outline)}" for outline in drawing.outlines)
    for number, tile in enumerate(drawing.tiles):
        yield f"  {_tile(tile, number, theme)}"
    yield from (f"  {line}" for wire in drawing.wires for line in _wire(wire))
    for dot in drawing.dots:
        yield rf"  \fill[{dot.ink}] ({_n(dot.x)}, {_n(dot.y)}) circle[radius={_n(3.2 * drawing.scale)}];"
    yield from (f"  {_shape(shape)}" for shape in drawing.shapes if shape.kind != "end")
    yield from (f"  {_text(text)}" for text in drawing.texts)
    yield r"\end{tikzpicture}"
    yield r"\endgroup"


def _outline(outline: Outline) -> str:
    return (
        rf"\draw[draw=frame, rounded corners=8\backpropunit] ({_n(outline.x)}, {_n(outline.y)}) rectangle "
        rf"+({_n(outline.width)}, {_n(outline.height)});"
    )


def _tile(tile: Tile, number: int, theme: Theme) -> str:
    color = tint_of(theme, tile, Light())[1:].upper()
    return (
        rf"\definecolor{{tile{number}}}{{HTML}}{{{color}}}\fill[tile{number}] ({_n(tile.x)}, {_n(tile.y)}) rectangle "
        rf"+({_n(tile.width)}, {_n(tile.height)});"
    )


def _wire(wire: Wire) -> Iterator[str]:
    """A wire, in pieces where it gives way; its id follows as a comment."""
    style = "forward" if wire.ink == "ink" else "backward"
    for number, line in enumerate(wire.lines):
        to = ", ahead" if wire.arrow and number == len(wire.lines) - 1 else ""
        way = " -- ".join(f"({_n(x)}, {_n(y)})" for x, y in line)
        yield rf"\draw[{style}{to}] {way}; % {wire.id}"


def _shape(shape: Shape) -> str:
    if shape.kind == "round":
        return rf"\filldraw[gate] ({_n(shape.x)}, {_n(shape.y)}) circle[radius={_n(shape.width / 2)}]; % {shape.owner}"
    style = {"input": "input", "chip": "input", "words": "input", "group": "group", "badge": "draw=ink, fill=ink"}.get(
        shape.kind, "gate"
    )
    corners = {"input": 1.0, "chip": shape.height / 2 - 0.5, "badge": shape.height / 2 - 0.5}.get(shape.kind, 12.0)
    x, y = shape.x - shape.width / 2, shape.y - shape.height / 2
    return (
        rf"\filldraw[{style}, rounded corners={_n(corners)}\backpropunit] ({_n(x)}, {_n(y)}) rectangle "
        rf"+({_n(shape.width)}, {_n(shape.height)}); % {shape.owner}"
    )


def _text(text: Text) -> str:
    written = "".join(_SIGNS.get(char, escape_latex(char) if char != " " else r"\ ") for char in text.text)
    written = rf"\textbf{{{written}}}" if text.bold else written
    return rf"\said{{{_n(text.x)}}}{{{_n(text.y)}}}{{{_n(text.size)}}}{{{text.ink}}}{{{written}}}"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
