"""Writes a circuit as a Mermaid flowchart, which many wikis and code hosts draw inside Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from backpropviz.draw.cards import BLACK, RED
from backpropviz.draw.circuit import Box, Circuit, Vertex

_SAFE = re.compile(r"[^\w .,:()=+*/-]")


def mermaid(circuit: Circuit) -> str:
    """A circuit as a flowchart from left to right: black arrows forward, red dashed ones back."""
    return "\n".join([*_lines(circuit), ""])


def _lines(circuit: Circuit) -> Iterator[str]:
    yield "flowchart LR"
    opened: tuple[Box, ...] = ()
    for vertex in circuit.vertices:
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(opened, vertex.boxes))))
        yield from ["  end"] * (len(opened) - common)
        yield from (f'  subgraph {box.id}["{_text(f"{box.label} {box.title}")}"]' for box in vertex.boxes[common:])
        opened = vertex.boxes
        yield f"  {_vertex(vertex)}"
    yield from ["  end"] * len(opened)
    for edge in circuit.forward:
        yield f"  {edge.tail.id} --> {edge.head.id}"
    for edge in circuit.backward:
        yield f'  {edge.tail.id} -. "{_text(edge.formula)}" .-> {edge.head.id}'
    if circuit.backward:
        first = len(circuit.forward)
        numbers = ",".join(str(first + number) for number in range(len(circuit.backward)))
        yield f"  linkStyle {numbers} stroke:{RED},color:{RED}"
    yield f"  classDef input fill:#fdf3d7,stroke:{BLACK}"
    yield f"  classDef step fill:#ffffff,stroke:{BLACK}"
    yield f"  classDef group fill:#e6edf7,stroke:{BLACK}"


def _vertex(vertex: Vertex) -> str:
    if vertex.kind == "outside":
        return f"{vertex.id}(( ))"
    shape = "" if vertex.value is None else f" {tuple(vertex.value.shape)}"
    label = f"{vertex.label}: " if vertex.label else ""
    lines = [_text(f"{label}{vertex.name}{shape}"), _text(vertex.code), _text(vertex.gradient)]
    kind = "step" if vertex.kind == "operation" else vertex.kind
    return f'{vertex.id}["{"<br/>".join(filter(None, lines))}"]:::{kind}'


def _text(text: str) -> str:
    """Any text on one line, with everything that could be read as markup written by its number."""
    return _SAFE.sub(lambda letter: f"#{ord(letter[0])};", " ".join(text.split()))
