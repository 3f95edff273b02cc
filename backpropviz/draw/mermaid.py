"""Writes a circuit as a Mermaid flowchart, which many wikis and code hosts draw inside Markdown.

Mermaid has no second track for gradients: an edge that runs back would turn the picture around. So what comes back to a
value stands in its box, below what it is made of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import takewhile

from backpropviz.draw.cards import BLACK
from backpropviz.draw.circuit import Box, Circuit, Vertex
from backpropviz.engine.numbering import bare_number

_SAFE = re.compile(r"[^\w .,:()=+*/-]")


def mermaid(circuit: Circuit) -> str:
    """A circuit as a flowchart from left to right, with the formulas of its gradients in the boxes."""
    return "\n".join([*_lines(circuit), ""])


def _lines(circuit: Circuit) -> Iterator[str]:
    yield "flowchart LR"
    arriving: dict[int, list[str]] = defaultdict(list)
    for edge in circuit.backward:
        arriving[id(edge.head)].append(edge.formula)
    opened: tuple[Box, ...] = ()
    for vertex in circuit.vertices:
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(opened, vertex.boxes))))
        yield from ["  end"] * (len(opened) - common)
        yield from (
            f'  subgraph {box.id}["{_text(f"{bare_number(box.label)} {box.title}")}"]' for box in vertex.boxes[common:]
        )
        opened = vertex.boxes
        yield f"  {_vertex(vertex, arriving[id(vertex)])}"
    yield from ["  end"] * len(opened)
    for edge in circuit.forward:
        yield f"  {edge.tail.id} --> {edge.head.id}"
    yield f"  classDef input fill:#fdf3d7,stroke:{BLACK},color:{BLACK}"
    yield f"  classDef step fill:#ffffff,stroke:{BLACK},color:{BLACK}"
    yield f"  classDef group fill:#e6edf7,stroke:{BLACK},color:{BLACK}"


def _vertex(vertex: Vertex, arriving: list[str]) -> str:
    if vertex.kind == "outside":
        return f"{vertex.id}(( ))"
    shape = "" if vertex.value is None else f" {tuple(vertex.value.shape)}"
    label = f"{bare_number(vertex.label)}: " if vertex.label else ""
    lines = [f"{label}{vertex.name}{shape}", vertex.code, *map("← {}".format, _gradients(vertex, arriving))]
    kind = "step" if vertex.kind == "operation" else vertex.kind
    return f'{vertex.id}["{"<br/>".join(_text(line) for line in lines if line)}"]:::{kind}'


def _gradients(vertex: Vertex, arriving: list[str]) -> Iterator[str]:
    """How the gradient of a value comes about: its terms, and their sum."""
    if not vertex.gradient:
        return
    name = vertex.gradient.split(" = ")[0]
    if len(arriving) == 1:
        (term,) = arriving
        yield term if term == name or " += " in term else f"{name} = {term}"  # += is what each round of a loop adds
    else:
        # a name is part of the sum already; what several results of a group hand on is not
        yield from (term for term in arriving if " = " in term or term not in vertex.gradient)
        yield vertex.gradient
    yield from vertex.inner


def _text(text: str) -> str:
    """Any text on one line, with everything that could be read as markup written by its number."""
    return _SAFE.sub(lambda letter: f"#{ord(letter[0])};", " ".join(text.split()))
