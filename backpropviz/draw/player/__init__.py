"""Writes a page that plays both passes step by step: one file, that needs no network and no server.

The page is put together from three files beside this one, the drawing, and the frames: what every step shows, and what
it lights. All text reaches the page as data, which the script writes as text; the list for printing is escaped here.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.formulas import formulas, legend, taken
from backpropviz.code.notation import Plain
from backpropviz.draw.circuit import Circuit, Vertex
from backpropviz.draw.diagram import Diagram
from backpropviz.engine.graph import Array
from backpropviz.errors import DrawingError
from backpropviz.files import write
from backpropviz.show.encoding import encode
from backpropviz.show.records import FlowView, StepView, TraceView
from backpropviz.show.view import view

MOST_ENTRIES = 600  # of an array that the page shows whole
Frame = dict[str, Any]
_ARRIVES = "The gradient of the loss with respect to the output arrives; it is sent back along the red edges."
_ARRIVED = "The gradients have arrived at the inputs. Where paths meet, they add up."


def page(diagram: Diagram, layer: str = "") -> str:
    """The page as HTML.

    Args:
        diagram: of a trace whose backward pass was run.
        layer: what the layer is called; the function's name without one.

    Raises:
        DrawingError: the backward pass has not run. TraceError: nothing carries a gradient.
    """
    trace = diagram.trace
    if not trace.upstream:
        raise DrawingError(
            "the page plays both passes, and the backward pass has not run", fix="Run it, or draw an .svg."
        )
    shown = view(trace, layer)
    frames = [*_forward(shown, diagram), *_backward(shown, diagram)]
    parts = {
        "title": html.escape(f"{shown.layer}, forward and backward"),
        "layer": html.escape(shown.layer),
        "summary": html.escape(shown.summary),
        "style": _file("style.css"),
        "script": _file("script.js"),
        "drawing": _drawing(diagram.svg()),
        "frames": _data(frames),
        "list": "\n".join(map(_item, frames)),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _file("template.html"))


def write_page(diagram: Diagram, path: str | os.PathLike[str], layer: str = "") -> None:
    """Write the page to a file, whole or not at all.

    Raises:
        DrawingError: as for `page`, or the file cannot be written.
    """
    write(Path(path), page(diagram, layer).encode())


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _drawing(svg: str) -> str:
    """The drawing without what only a file of its own has."""
    return svg[svg.index("<svg") :]


def _data(value: Any) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda letter: f"\\u{ord(letter[0]):04x}", text)


# ---- frames ----------------------------------------------------------------------------------------------------------


def _forward(shown: TraceView, diagram: Diagram) -> Iterator[Frame]:
    circuit, wires = diagram.circuit, diagram.wires
    known = [vertex.id for vertex in circuit.vertices if vertex.kind == "input"]
    given = [_array("value", part.name, part.value) for part in shown.inputs]
    yield _frame("forward", "0", "the inputs", shown.summary, arrays=given, lit=known, known=known)
    for step in _drawn(shown, circuit):
        vertex = _vertex(circuit, step)
        known = [*known, vertex.id]
        yield _frame(
            "forward", step.label, _code(step), step.caption,
            arrays=[_array("value", step.name, step.value)], lit=[vertex.id], known=known,
            edges=list(dict.fromkeys(wires[edge] for edge in circuit.forward if edge.head is vertex)),
        )  # fmt: skip


def _backward(shown: TraceView, diagram: Diagram) -> Iterator[Frame]:
    trace, circuit, wires = diagram.trace, diagram.circuit, diagram.wires
    left = Counter(id(edge.head) for edge in circuit.backward)  # terms that have not arrived yet
    symbols: dict[str, list[str]] = {}
    notation = Plain(taken(trace))
    for formula in formulas(trace, notation):
        symbols.setdefault(formula.step or "0", []).append(f"{formula.symbol} = {formula.text}")
    for lines in symbols.values():
        lines += [told for symbol, told in legend(notation) if re.search(rf"\b{symbol}\b", " ".join(lines))]

    def frame(label: str, title: str, caption: str, vertices: list[Vertex], **more: Any) -> Frame:
        sent = [edge for edge in circuit.backward if edge.tail in vertices]
        left.subtract(id(edge.head) for edge in sent)
        inner = [f"inner_{vertex.id}" for vertex in vertices if vertex.inner]
        summed = dict.fromkeys(f"sum_{edge.head.id}" for edge in sent if left[id(edge.head)] == 0)
        return _frame(
            "backward", label, title, caption, lit=[vertex.id for vertex in vertices],
            known=[vertex.id for vertex in circuit.vertices], edges=[wires[edge] for edge in sent],
            reached=[*(edge.head.id for edge in sent), *summed, *inner], formulas=symbols.get(label, []), **more,
        )  # fmt: skip

    outside = [vertex for vertex in circuit.vertices if vertex.kind == "outside"]
    arrives = [_array("gradient", upstream.name, upstream.value) for upstream in shown.upstream]
    yield frame("", "the upstream gradient", _ARRIVES, outside, arrays=arrives)
    for step in reversed(_drawn(shown, circuit)):
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
    """What the page shows of a step: code, formulas, arrays; and what it lights, knows and reaches in the drawing."""
    empty: Frame = {name: [] for name in ("code", "formulas", "arrays", "lit", "edges", "known", "reached")}
    return {"pass": direction, "step": step, "title": title, "caption": caption, **empty, **more}


def _drawn(shown: TraceView, circuit: Circuit) -> list[StepView]:
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
    return f"{flow.name} = {flow.formula}"


def _array(role: str, name: str, value: Array) -> Frame:
    """An array as the page shows it: whole if it is small, and else by its least, mean and greatest entry."""
    described = {"role": role, "name": name, "shape": list(value.shape)}
    if value.size <= MOST_ENTRIES:
        return {**described, "data": encode(value)["data"]}
    low, mean, high = (float(of(value)) for of in (np.min, np.mean, np.max))
    return {**described, "summary": f"min {low:.4g}, mean {mean:.4g}, max {high:.4g}"}


def _item(frame: Frame) -> str:
    """A frame as an entry of the list that is printed."""
    lines = [*frame["code"]] or ([frame["title"]] if frame["pass"] == "forward" else [])
    heading = f"{frame['pass']}, step {frame['step']}" if frame["step"] not in ("", "0") else frame["title"]
    text = [f"<li class='{frame['pass']}'><b>{html.escape(heading)}</b> <i>{html.escape(frame['caption'])}</i>"]
    text += [f"<code>{html.escape(line)}</code>" for line in lines]
    text += [f"<pre>{html.escape(_printed(array))}</pre>" for array in frame["arrays"]]
    return "\n".join([*text, "</li>"])


def _printed(array: Frame) -> str:
    head = f"{array['name']} {tuple(array['shape'])}"
    if "summary" in array:
        return f"{head}: {array['summary']}"
    values = np.array2string(np.asarray(array["data"]), precision=4, suppress_small=True, max_line_width=100)
    return f"{head}\n{values}"
