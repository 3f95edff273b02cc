"""Writes a trace to a file as its suffix asks: a picture, TikZ, Mermaid, or a page that plays both passes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from backpropviz.draw.diagram import Diagram
from backpropviz.engine.trace import Trace
from backpropviz.errors import DrawingError
from backpropviz.files import write

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".tex", ".mmd", ".html")


def export(
    trace: Trace,
    path: Path,
    layer: str = "",
    *,
    ops: bool = False,
    expand: Collection[str] = (),
    title: str | None = None,
) -> None:
    """Write a trace: .svg, .png, .pdf, .dot; .tex (TikZ), .mmd (Mermaid), .html (plays both passes).

    Args:
        layer: what the page calls the layer.
        ops, expand, title: as for `Diagram`.

    Raises:
        DrawingError: the suffix is none of these, there is too much to draw, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DrawingError(f"{path.name} does not say what to draw", fix=f"End it in one of {', '.join(SUFFIXES)}.")
    if suffix == ".html":
        from backpropviz.draw.player import write_page

        write_page(trace, path, layer, ops=ops, expand=expand)
        return
    diagram = Diagram(trace, ops=ops, expand=expand, title=title)
    if suffix == ".tex":
        from backpropviz.draw.tikz import tikz

        write(path, tikz(diagram.circuit).encode())
    elif suffix == ".mmd":
        from backpropviz.draw.mermaid import mermaid

        write(path, mermaid(diagram.circuit).encode())
    else:
        diagram.save(path)
