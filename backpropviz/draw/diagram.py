"""The diagram of a trace: values from left to right along black edges, gradients back along red ones."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from backpropviz.draw.dot import write_dot
from backpropviz.draw.rendering import FORMATS, render
from backpropviz.draw.wiring import read_circuit
from backpropviz.errors import DrawingError
from backpropviz.files import write

if TYPE_CHECKING:
    from backpropviz.draw.frames import Frame, Passes
    from backpropviz.engine.trace import Trace


class Diagram:
    """The picture of a trace.

    Args:
        trace: before its backward pass, the picture shows no gradient.
        ops: draw every operation instead of every step.
        expand: the groups to open, by function or by assigned name; without any, all, unless that is too much to read.
        title: a heading.

    Attributes:
        circuit: what it shows.
        dot: the same in the language of Graphviz, identical from run to run.

    Raises:
        DrawingError: there is no such group, or more to draw than a picture can hold.
    """

    def __init__(self, trace: Trace, ops: bool = False, expand: Collection[str] = (), title: str | None = None):
        self.circuit = read_circuit(trace, ops, expand)
        self.title = title
        self.dot = write_dot(self.circuit, title)

    def svg(self) -> str:
        """The picture as SVG, in which text is text."""
        return self.render("svg").decode()

    def render(self, format: str) -> bytes:
        """The bytes of an svg, png or pdf file.

        Raises:
            DrawingError: it is another format, or there is no Graphviz.
        """
        return render(self.dot, format)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture as the suffix says: .svg, .png, .pdf or .dot. The file is written whole or not at all.

        Raises:
            DrawingError: it is another suffix, the file cannot be written, or there is no Graphviz.
        """
        path = Path(path)
        format = path.suffix.lower().removeprefix(".")
        if format not in (*FORMATS, "dot"):
            known = ", ".join(f".{name}" for name in (*FORMATS, "dot"))
            raise DrawingError(f"{path.name} does not say what to draw", fix=f"End it in one of {known}.")
        write(path, self.dot.encode() if format == "dot" else self.render(format))

    def frames(self, passes: Passes = "backward") -> list[Frame]:
        """One picture for every step of a pass, the step lit; backward from the last step down to "0", the inputs.

        Raises:
            DrawingError: the backward pass has not run.
        """
        from backpropviz.draw.frames import read_frames

        return read_frames(self.circuit, passes, self.title)

    def animated(self, passes: Passes = "backward") -> str:
        """One SVG that plays the frames."""
        from backpropviz.draw.frames import animate

        return animate(self.frames(passes))

    def pages(self, passes: Passes = "backward") -> bytes:
        """One PDF with a page for every frame.

        Raises:
            DrawingError: pypdf is not installed.
        """
        from backpropviz.draw.frames import bind

        return bind(self.frames(passes))

    def _repr_svg_(self) -> str:
        return self.svg()
