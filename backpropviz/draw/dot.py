"""Writes a circuit in DOT, the language of Graphviz: from left to right, black edges forward and red ones back.

Ids are plain and every text is escaped. A red edge does not constrain the order of the cards, or it would undo it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import takewhile

from backpropviz.draw.cards import BLACK, LARGE, RED, Shade, card, cell, escaped, ink, is_cut, table, text_width
from backpropviz.draw.circuit import Box, Circuit, Vertex
from backpropviz.draw.light import Shown
from backpropviz.draw.rendering import DPI, render
from backpropviz.draw.telling import Told
from backpropviz.engine.numbering import bare_number

FONTS = "DejaVu Sans Mono,Menlo,Consolas,monospace"

MANY = 400
"""Edges. Of more, as a loop over all pixels has them, Graphviz is to find a layout soon: a good one takes minutes."""

LONGEST_TOOLTIP = 2000
"""Characters. Graphviz reads none above 16384, and escaping makes up to six of one."""


class CardsPicture:
    """A circuit as a row of cards, laid out by Graphviz."""

    def __init__(self, circuit: Circuit, title: str = ""):
        self.circuit, self.title = circuit, title
        self.fits, self.smallest = True, 10.0
        self.wires = {edge: f"forward_{number}" for number, edge in enumerate(circuit.forward, 1)}
        self.wires |= {edge: f"backward_{number}" for number, edge in enumerate(circuit.backward, 1)}

    def of(self, circuit: Circuit) -> CardsPicture:
        return CardsPicture(circuit, self.title)

    def with_room_for(self, told: Iterable[tuple[Told, Shown]]) -> CardsPicture:
        return self

    def dot(self, shown: Shown | None = None) -> str:
        return write_dot(self.circuit, self.title, shown)

    def render(self, format: str, shown: Shown | None = None, dpi: int = DPI, told: Told | None = None) -> bytes:
        """The bytes of an svg, png or pdf file; a card tells its own."""
        return render(self.dot(shown), format, "dot", dpi)


def write_dot(circuit: Circuit, title: str | None = None, light: Shown | None = None) -> str:
    """The DOT text of a circuit, the same for the same circuit. `light` changes colours and nothing else."""
    if light is None:
        light = Shown(circuit.vertices, circuit.vertices, [*circuit.forward, *circuit.backward])
    return "\n".join([*_lines(circuit, title, light), ""])


def _lines(circuit: Circuit, title: str | None, light: Shown) -> Iterator[str]:
    yield "digraph circuit {"
    yield f'  graph [rankdir=LR, fontname="{FONTS}", nodesep=0.2, ranksep=0.42, pad=0.15, bgcolor=white]'
    yield f'  node [shape=plain, fontname="{FONTS}", fontsize={LARGE}]'
    yield f'  edge [fontname="{FONTS}", arrowsize=0.7]'
    if len(circuit.forward) + len(circuit.backward) > MANY:
        yield "  graph [mclimit=0.1, nslimit=1, splines=line]"
    if title:
        yield f"  graph [labelloc=t, label=<{_heading(title, 14)}>]"
    arriving: dict[Vertex, list[tuple[str, str, str]]] = defaultdict(list)
    for number, edge in enumerate(circuit.backward, 1):
        color = ink(RED, edge in light.edges)
        # a later term comes from a nearer card, so its edge stays closer
        arriving[edge.head].insert(0, (f"term_{number}", edge.formula, color))
    opened: tuple[Box, ...] = ()
    for vertex in circuit.vertices:
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(opened, vertex.boxes))))
        yield from ["  }"] * (len(opened) - common)
        yield from map(_box, vertex.boxes[common:])
        opened = vertex.boxes
        yield _vertex(vertex, arriving[vertex], light)
    yield from ["  }"] * len(opened)
    for number, edge in enumerate(circuit.forward, 1):
        yield (
            f"  {_port(edge.tail, 'value_right')}:e -> {_port(edge.head, 'value_left')}:w"
            f' [id=forward_{number}, color="{ink(BLACK, edge in light.edges)}"]'
        )
    for number, edge in enumerate(circuit.backward, 1):
        width = 2 if edge in light.lit else 1
        yield (
            f"  {_port(edge.tail, 'gradient_left')}:w -> {_port(edge.head, f'term_{number}')}:e"
            f' [id=backward_{number}, color="{ink(RED, edge in light.edges)}", penwidth={width}, style=dashed,'
            f' arrowhead=none, constraint=false, tooltip="{_quoted(_cut(edge.formula))}"]'
        )
    yield "}"


def _vertex(vertex: Vertex, terms: list[tuple[str, str, str]], light: Shown) -> str:
    told = [vertex.caption or vertex.code or vertex.name]
    told += [text for text in (vertex.code, vertex.gradient, *(formula for _, formula, _ in terms)) if is_cut(text)]
    tooltip = "&#10;".join(map(_quoted, _cut("\n".join(dict.fromkeys(told))).split("\n")))
    if vertex.kind == "outside":
        color = ink(BLACK, vertex in light.values)
        look = f"label=<{table(cell(['●'], 9, 12, color) + cell(['output'], text_width('output'), 12, color))}>"
    else:
        shade = Shade(vertex in light.values, vertex in light.gradients, vertex in light.lit)
        look = f"label=<{card(vertex, terms, shade)}>"
    return f'  {vertex.id} [id={vertex.id}, tooltip="{tooltip}", {look}]'


def _box(box: Box) -> str:
    look = 'style="rounded,filled", color="#9aa3af", fillcolor="#f5f7fa", margin=10, labeljust=l'
    heading = _heading(f"{bare_number(box.label)}  {box.title}", 10)
    return f"  subgraph cluster_{box.id} {{ graph [id={box.id}, {look}, label=<{heading}>]"


def _heading(text: str, size: int) -> str:
    line = cell([text], text_width(text, size) + 4, 2 * size, BLACK, size=size, bold=True)
    return table(line)


def _port(vertex: Vertex, name: str) -> str:
    """Where an edge meets a card; one without that part is met as a whole."""
    missing = vertex.kind == "outside" or (name == "gradient_left" and vertex.grad is None)
    return vertex.id if missing else f"{vertex.id}:{name}"


def _cut(text: str) -> str:
    """Text for a tooltip; a sum of hundreds of terms is cut."""
    return text if len(text) <= LONGEST_TOOLTIP else text[:LONGEST_TOOLTIP] + " …"


def _quoted(text: str) -> str:
    """Text for a tooltip, in which Graphviz reads backslashes twice."""
    return escaped(" ".join(text.split())).replace("\\", r"\\")
