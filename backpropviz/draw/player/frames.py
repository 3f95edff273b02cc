"""What the page shows of every step of both passes, and what it lights in the drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.draw.circuit import Circuit, Vertex
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.player.formulas import Symbols
from backpropviz.draw.player.packing import packed_array
from backpropviz.engine.graph import Array
from backpropviz.show.records import FlowView, StepView, TraceView

MOST_ENTRIES = 600  # of an array that the page shows whole
MOST_TERMS = 8  # of a sum that is written out
Frame = dict[str, Any]
_ARRIVES = "The gradient of the loss with respect to the output arrives; it is sent back along the red edges."
_ARRIVED = "The gradients have arrived at the inputs. Where paths meet, they add up."


def forward(shown: TraceView, diagram: Diagram, symbols: Symbols) -> Iterator[Frame]:
    circuit, wires = diagram.circuit, diagram.wires
    handing_on = circuit.handing_on()
    inputs = [vertex.id for vertex in circuit.vertices if vertex.kind == "input"]
    given = [_array("value", part.name, part.value) for part in shown.inputs]
    yield _frame("forward", "0", "the inputs", shown.summary, arrays=given, lit=inputs)
    for step in drawn(shown, circuit):
        vertex = _vertex(circuit, step)
        yield _frame(
            "forward", step.label, _code(step), step.caption,
            arrays=[_array("value", step.name, step.value)], lit=[vertex.id],
            edges=list(dict.fromkeys(wires[edge] for edge in circuit.forward if edge.head is vertex)),
            reached=[f"on_{id}" for id, last in handing_on.items() if last is vertex],
            formulas=symbols.get(("forward", step.label), []),
        )  # fmt: skip


def backward(shown: TraceView, diagram: Diagram, symbols: Symbols) -> Iterator[Frame]:
    circuit, wires = diagram.circuit, diagram.wires
    left = Counter(id(edge.head) for edge in circuit.backward)  # terms that have not arrived yet
    handing_back = circuit.handing_back()

    def frame(label: str, title: str, caption: str, vertices: list[Vertex], **more: Any) -> Frame:
        sent = [edge for edge in circuit.backward if edge.tail in vertices]
        left.subtract(id(edge.head) for edge in sent)
        inner = [f"inner_{vertex.id}" for vertex in vertices if vertex.inner]
        inner += [f"back_{id}" for id, vertex in handing_back.items() if vertex in vertices]
        summed = dict.fromkeys(f"sum_{edge.head.id}" for edge in sent if left[id(edge.head)] == 0)
        return _frame(
            "backward", label, title, caption,
            lit=[vertex.id for vertex in vertices], edges=[wires[edge] for edge in sent],
            reached=[*(edge.head.id for edge in sent), *summed, *inner], formulas=symbols.get(("backward", label), []),
            receivers=list(dict.fromkeys(edge.head.id for edge in sent)),
            factors=list(dict.fromkeys(edge.tail.id for edge in circuit.forward if edge.head in vertices)), **more,
        )  # fmt: skip

    outside = [vertex for vertex in circuit.vertices if vertex.kind == "outside"]
    arrives = [_array("gradient", upstream.name, upstream.value) for upstream in shown.upstream]
    yield frame("", "the upstream gradient", _ARRIVES, outside, arrays=arrives)
    for step in reversed(drawn(shown, circuit)):
        flows = [flow for flow in shown.backward if flow.step == step.label]
        told = step.explanation
        if flows and told is not None:
            words = [told.meeting or "", *(gate.story for gate in told.gates)]
            arrays = [_array("gradient", flow.name, flow.value) for flow in flows]
            caption = " ".join(dict.fromkeys(filter(None, words)))
            vertex = _vertex(circuit, step)
            yield frame(step.label, _code(step), caption, [vertex], code=list(map(_line, flows)), arrays=arrays)
    graded = {part.name: part.gradient for part in shown.inputs if part.gradient is not None}
    vertices = [vertex for vertex in circuit.vertices if vertex.kind == "input" and vertex.name in graded]
    sums = [_line(flow) for flow in shown.backward if flow.step == "0" and flow.kind == "sum"]
    arrays = [_array("gradient", gradient.name, gradient.value) for gradient in graded.values()]
    yield frame("0", "the inputs' gradients", _ARRIVED, vertices, code=sums, arrays=arrays)


def _frame(direction: str, step: str, title: str, caption: str, **more: list[Any]) -> Frame:
    """What the page shows of a step: code, formulas, arrays; and what it lights and reaches in the drawing, who
    receives the gradients that it sends, and what their factors are."""
    lists = "code", "formulas", "arrays", "lit", "edges", "reached", "receivers", "factors"
    empty: Frame = {name: [] for name in lists}
    return {"pass": direction, "step": step, "title": title, "caption": caption, **empty, **more}


def drawn(shown: TraceView, circuit: Circuit) -> list[StepView]:
    """The steps that the drawing has: of a folded loop, those of one round."""
    labels = {vertex.label for vertex in circuit.vertices}
    return [step for step in shown.steps if labels & {step.label, *step.groups}]


def _vertex(circuit: Circuit, step: StepView) -> Vertex:
    """The vertex of a step, or of the closed group that it is in."""
    wanted = {step.label, *step.groups}
    candidates = [vertex for vertex in circuit.vertices if vertex.label in wanted]
    return max(candidates, key=lambda vertex: len(vertex.label))


def _code(step: StepView) -> str:
    return f"{step.name} = {step.formula if step.groups else ' '.join(step.code.split())}"


def _line(flow: FlowView) -> str:
    """What a gradient is; of a long sum, such as over the rounds of a loop, the terms in the middle are left out."""
    if flow.kind == "sum" and len(flow.terms) > MOST_TERMS:
        first, second, *_, last = flow.terms
        return f"{flow.name} = {first} + {second} + ... + {last}"
    return f"{flow.name} = {flow.formula}"


def _array(role: str, name: str, value: Array) -> Frame:
    """An array as the page shows it: whole if it is small, and else by its least, mean and greatest entry."""
    described = {"role": role, "name": name, "shape": list(value.shape)}
    if value.size <= MOST_ENTRIES:
        return {**described, "data": packed_array(value)}
    low, mean, high = (float(of(value)) for of in (np.min, np.mean, np.max))
    return {**described, "summary": f"min {low:.4g}, mean {mean:.4g}, max {high:.4g}"}
