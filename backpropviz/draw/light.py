"""What a picture of one step shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from backpropviz.draw.circuit import Edge, Vertex


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture shows in full colour; all else is faint. Lit vertices and edges stand out."""

    values: Collection[Vertex]
    gradients: Collection[Vertex]
    edges: Collection[Edge]
    lit: Collection[Vertex | Edge] = ()
