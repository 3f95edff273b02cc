r"""Writes a circuit for LaTeX: a TikZ picture with black edges forward and red edges back.

Every vertex stands in the column that its longest way from an input leads to, an input right before its first use.
Black edges that skip a column take a bow above the cards; red ones run below.
"""

from __future__ import annotations

import textwrap

from backpropviz.code.notation import Latex, escape_latex
from backpropviz.draw.circuit import Circuit, Edge, Vertex

_COLUMN, _ROW = 4.8, 3.6  # centimetres from card to card
_LINE = 22  # characters in a line of code
Place = tuple[float, float]

_PREAMBLE = r"""\documentclass[tikz, border=4mm]{standalone}
\usepackage{amsmath}
\usetikzlibrary{arrows.meta}
\definecolor{gradient}{HTML}{C0182A}
"""
_STYLES = r"""\begin{tikzpicture}[
  >={Stealth[length=2mm]},
  card/.style={draw, rounded corners, align=center, inner sep=1.5mm, font=\small, fill=white},
  input card/.style={card, sharp corners, fill=yellow!12},
  step card/.style={card},
  operation card/.style={card},
  group card/.style={card, double, fill=blue!6},
  outside/.style={circle, fill, inner sep=1pt},
  output/.style={very thick},
  forward/.style={->},
  backward/.style={->, gradient, dashed},
  term/.style={midway, align=center, font=\scriptsize\ttfamily, inner sep=1pt, fill=white},
]
"""


def tikz(circuit: Circuit, whole: bool = True) -> str:
    """A circuit as LaTeX.

    Args:
        whole: a document of its own, for the `standalone` class; otherwise the picture alone, to be included.
    """
    columns = _columns(circuit)
    places = _places(circuit, columns)
    lines = [_vertex(vertex, places[vertex]) for vertex in circuit.vertices]
    lines += [_forward(edge, places) for edge in circuit.forward]
    lines += [_backward(edge, places) for edge in circuit.backward]
    picture = _STYLES + "".join(f"  {line}\n" for line in lines) + "\\end{tikzpicture}\n"
    return f"{_PREAMBLE}\\begin{{document}}\n{picture}\\end{{document}}\n" if whole else picture


def _columns(circuit: Circuit) -> dict[Vertex, int]:
    """The column of every vertex. The vertices are in the order of the run, so tails come before heads."""
    columns = dict.fromkeys(circuit.vertices, 0)
    following: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in circuit.vertices}
    for edge in circuit.forward:
        following[edge.tail].append(edge.head)
    for vertex in circuit.vertices:
        for head in following[vertex]:
            columns[head] = max(columns[head], columns[vertex] + 1)
    for vertex in circuit.vertices:
        if vertex.kind == "input" and following[vertex]:
            columns[vertex] = min(columns[head] for head in following[vertex]) - 1
    return columns


def _places(circuit: Circuit, columns: dict[Vertex, int]) -> dict[Vertex, Place]:
    """Where every vertex stands; steps come above inputs in their column."""
    rows: dict[int, int] = {}
    places = {}
    for vertex in sorted(circuit.vertices, key=lambda vertex: vertex.kind == "input"):
        column = columns[vertex]
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[vertex] = (column * _COLUMN, -row * _ROW)
    return places


def _vertex(vertex: Vertex, place: Place) -> str:
    at = f"at ({place[0]:.1f}, {place[1]:.1f})"
    if vertex.kind == "outside":
        return f"\\node[outside] ({vertex.id}) {at} {{}};"
    shape = "" if vertex.value is None else f" \\textcolor{{gray}}{{\\scriptsize {tuple(vertex.value.shape)}}}"
    number = f"\\textbf{{{escape_latex(vertex.label)}}}\\enspace " if vertex.label else ""
    lines = [f"{number}${Latex().symbol(vertex.name)}${shape}"]
    lines += [rf"{{\scriptsize\ttfamily {line}}}" for line in _wrapped(vertex.code)]
    lines += [rf"{{\scriptsize\ttfamily\color{{gradient}}{line}}}" for line in _wrapped(vertex.gradient)]
    style = f"{vertex.kind} card" + (", output" if vertex.is_output else "")
    return f"\\node[{style}] ({vertex.id}) {at} {{" + r" \\ ".join(lines) + "};"


def _forward(edge: Edge, places: dict[Vertex, Place]) -> str:
    columns, rows = _way(edge, places)
    path = _bow(90, columns) if rows == 0 and columns > 1 else ""
    return f"\\draw[forward] ({edge.tail.id}) to{path} ({edge.head.id});"


def _backward(edge: Edge, places: dict[Vertex, Place]) -> str:
    columns, rows = _way(edge, places)
    path = _bow(-90, columns) if rows == 0 else "[out=-90, in=0]" if rows < 0 else "[bend left=20]"
    label = r" \\ ".join(f"{{{line}}}" for line in _wrapped(edge.formula))
    return f"\\draw[backward] ({edge.tail.id}) to{path} node[term] {{{label}}} ({edge.head.id});"


def _way(edge: Edge, places: dict[Vertex, Place]) -> tuple[int, int]:
    """How many columns an edge crosses, and how many rows it rises."""
    (x, y), (to_x, to_y) = places[edge.tail], places[edge.head]
    return round(abs(to_x - x) / _COLUMN), round((to_y - y) / _ROW)


def _bow(angle: int, columns: int) -> str:
    """A bow above or below the cards, flatter for long ways."""
    return f"[out={angle}, in={angle}, looseness={0.7 / max(columns, 1) ** 0.6:.2f}]"


def _wrapped(code: str) -> list[str]:
    """Code in short lines, escaped."""
    return [escape_latex(line) for line in textwrap.wrap(code, _LINE, break_on_hyphens=False)]
