"""What a picture of a trace shows: vertices, black edges forward and red edges back. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from backpropviz.engine.graph import Array, Node

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


@dataclass(frozen=True, slots=True)
class Box:
    """A frame around vertices: an open group of steps, a step opened into its operations, or a folded loop.

    Attributes:
        handed_on: what a round of the loop hands to the next.
    """

    id: str
    label: str
    title: str
    handed_on: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Vertex:
    """One card of the picture.

    Attributes:
        kind: an input, a step, an operation within one, a closed group of steps, or what lies outside the circuit:
            the place an output goes to and its gradient comes from.
        label: the number of the step or group; empty otherwise.
        name, code, caption: what it is called, how it is computed, and the comment above it.
        node: holds its value and gradient; None outside.
        gradient: how its gradient comes about, such as "dxmu = dxmu_1 + dxmu_2"; empty without one.
        inner: what its backward pass computes once and uses more than once, "dscores_inner = dscores / np.sqrt(D)", and
            what it hands to the round before.
        boxes: the boxes around it, the outermost first.
        is_output: the function returns it.
    """

    id: str
    kind: Literal["input", "step", "operation", "group", "outside"]
    label: str
    name: str
    code: str
    caption: str
    node: Node | None
    gradient: str = ""
    inner: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    is_output: bool = False

    @property
    def value(self) -> Array | None:
        return None if self.node is None else self.node.value

    @property
    def outline(self) -> Array | None:
        """An array of the value's shape and dtype: earlier versions of what a loop fills need not be made again."""
        return None if self.node is None else self.node.outline

    @property
    def grad(self) -> Array | None:
        return None if self.node is None else self.node.grad


@dataclass(slots=True, eq=False)
class Edge:
    """Leads from `tail` to `head`. A black edge carries the tail's value, a red one the term `formula` computes."""

    tail: Vertex
    head: Vertex
    formula: str = ""


@dataclass(slots=True, eq=False)
class Circuit:
    """The vertices in the order of the run, the black edges and the red ones, and the trace that they are read off."""

    trace: Trace
    vertices: list[Vertex]
    forward: list[Edge]
    backward: list[Edge]

    def handing_back(self) -> dict[str, Vertex]:
        """Of every loop whose rounds hand something on, by its box, the last step to send its gradients: then they go
        to the round before."""
        sending = {edge.tail for edge in self.backward}
        last: dict[str, Vertex] = {}
        for vertex in self.vertices:
            for box in vertex.boxes:
                if box.handed_on and vertex in sending:
                    last.setdefault(box.id, vertex)
        return last

    def handing_on(self) -> dict[str, Vertex]:
        """Of every such loop, the last step that makes what its rounds hand on: then it goes to the next round."""
        last: dict[str, Vertex] = {}
        for vertex in self.vertices:
            for box in vertex.boxes:
                if vertex.name in box.handed_on:
                    last[box.id] = vertex
        return last
