"""A diagram told step by step: one picture for every step of a pass, all with the same coordinates.

In every picture the step is lit, what has been computed so far is in full colour, and the rest is faint. Only colours
differ, so a series can be shown as slides, joined into one animated picture, or bound as the pages of one document.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

from backpropviz.draw.circuit import Circuit, Vertex
from backpropviz.draw.light import Shown
from backpropviz.draw.rendering import DPI
from backpropviz.draw.telling import Direction, Told
from backpropviz.errors import DrawingError


class Picture(Protocol):
    """A picture of a circuit that can show a part of it in full colour; whether it can be read, and how high its
    smallest text is."""

    @property
    def fits(self) -> bool: ...

    @property
    def smallest(self) -> float: ...

    def render(self, format: str, shown: Shown | None = None, dpi: int = DPI, told: Told | None = None) -> bytes: ...


Passes = Literal["forward", "backward", "both"]

SECONDS = 1.5  # that an animation stays with one frame
_REST = 3  # frames that it stays with the last one
_TAG = re.compile(r"(<[^>]*>)")
_PAINT = re.compile(r' (fill|stroke|stroke-width)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a series.

    Attributes:
        number: its place in the series, from 1.
        direction: which pass it belongs to.
        label: the step it lights: "9" down to "1" and then, where the gradients arrive at the inputs, "0".
        shown: what is in full colour, and what is lit.
        told: the words beside it; None for a picture alone.
    """

    picture: Picture
    number: int
    direction: Direction
    label: str
    shown: Shown
    told: Told | None = None

    def svg(self) -> str:
        return self.render("svg").decode()

    def render(self, format: str, dpi: int = DPI) -> bytes:
        """The bytes of an svg, png or pdf file."""
        return self.picture.render(format, self.shown, dpi, self.told)


def read_frames(
    circuit: Circuit,
    picture: Picture,
    passes: Passes = "backward",
    told: Mapping[tuple[Direction, str], Told] | None = None,
) -> list[Frame]:
    """The frames of one pass, or of both in the order of a run, with what is told beside them.

    Raises:
        DrawingError: `passes` is something else, or frames of a backward pass are wanted that did not run.
    """
    if passes not in ("forward", "backward", "both"):
        raise DrawingError(f"there is no pass called {passes!r}", fix="Say forward, backward or both.")
    if passes != "forward" and not circuit.backward:
        raise DrawingError("the backward pass has not run", fix="Call backward() on the trace before drawing it.")
    stages: list[tuple[Direction, str, Shown]] = []
    if passes != "backward":
        stages += [("forward", label, shown) for label, shown in _forward(circuit)]
    if passes != "forward":
        stages += [("backward", label, shown) for label, shown in _backward(circuit)]
    return [
        Frame(picture, number, direction, label, shown, told.get((direction, label)) if told else None)
        for number, (direction, label, shown) in enumerate(stages, 1)
    ]


def _steps(circuit: Circuit) -> list[Vertex]:
    return [vertex for vertex in circuit.vertices if vertex.kind not in ("input", "outside")]


def _forward(circuit: Circuit) -> Iterator[tuple[str, Shown]]:
    known = {vertex for vertex in circuit.vertices if vertex.kind == "input"}
    for vertex in _steps(circuit):
        known.add(vertex)
        used = [edge for edge in circuit.forward if edge.head in known]
        yield vertex.label or vertex.name, Shown(known.copy(), (), used, (vertex,))


def _backward(circuit: Circuit) -> Iterator[tuple[str, Shown]]:
    done = {vertex for vertex in circuit.vertices if vertex.kind == "outside"}
    inputs = [vertex for vertex in circuit.vertices if vertex.kind == "input" and vertex.grad is not None]
    stages = [
        (vertex.label or vertex.name, [vertex]) for vertex in reversed(_steps(circuit)) if vertex.grad is not None
    ]
    for label, lit in [*stages, ("0", inputs)]:
        done.update(lit)
        carried = [edge for edge in circuit.backward if edge.tail in done]
        arrived = set(circuit.vertices) - {edge.head for edge in circuit.backward if edge.tail not in done}
        # the lit step's operands are the factors of the gradients it hands back
        factors = {edge.tail for edge in circuit.forward if edge.head in lit}
        shown = {vertex for vertex in circuit.vertices if vertex in done | factors or label == "0"}
        shown |= {vertex for vertex in arrived if vertex.grad is not None}
        used = [edge for edge in circuit.forward if edge.tail in shown and edge.head in shown]
        bright = [edge for edge in carried if (edge.head if label == "0" else edge.tail) in lit]
        yield label, Shown(shown, arrived, [*used, *carried], [*lit, *bright])


def animate(frames: list[Frame]) -> str:
    """One SVG that plays the frames over and over: whatever differs between them becomes a CSS animation.

    Where animations are not shown or not wanted, it is the last frame.
    """
    series = [_TAG.split(frame.svg()) for frame in frames]
    rules: dict[str, str] = {}
    played = []
    for tags in zip(*series):
        tag = tags[-1]
        if any(other != tag for other in tags):
            paints = [dict(_PAINT.findall(other)) for other in tags]
            properties = sorted({name for paint in paints for name in paint})
            states = [";".join(f"{name}:{paint.get(name, '1')}" for name in properties) for paint in paints]
            name = rules.setdefault(_keyframes(states), f"change{len(rules) + 1}")
            tag = re.sub(r"^<\w+", rf'\g<0> class="{name}"', tag)
        played.append(tag)
    length = SECONDS * (len(frames) + _REST)
    style = "".join(
        f"@keyframes {name} {{{keyframes}}} .{name} {{animation: {name} {length}s infinite}}\n"
        for keyframes, name in rules.items()
    )
    still = "@media (prefers-reduced-motion: reduce) {* {animation: none !important}}"
    opening = next(at for at, tag in enumerate(played) if tag.startswith("<svg"))
    played.insert(opening + 1, f"\n<style>\n{style}{still}\n</style>")
    return "".join(played)


def _keyframes(states: list[str]) -> str:
    """Every state from its frame on; a tenth of a frame before, the old one begins to fade."""
    share = 100 / (len(states) + _REST)
    marks = [f"0%{{{states[0]}}}"]
    for number, (before, after) in enumerate(pairwise(states), 1):
        if before != after:
            marks.append(f"{(number - 0.1) * share:.2f}%{{{before}}} {number * share:.2f}%{{{after}}}")
    return " ".join([*marks, f"100%{{{states[-1]}}}"])


def bind(frames: list[Frame]) -> bytes:
    """One PDF with a page for every frame.

    Raises:
        DrawingError: pypdf, which joins the pages, is not installed.
    """
    try:
        from pypdf import PdfWriter
    except ImportError:
        raise DrawingError("pypdf is missing, which joins pages", fix="Install it: pip install pypdf") from None
    writer = PdfWriter()
    for frame in frames:
        writer.append(io.BytesIO(frame.render("pdf")))
    pages = io.BytesIO()
    writer.write(pages)
    return pages.getvalue()
