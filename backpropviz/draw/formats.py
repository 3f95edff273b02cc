"""Writes a diagram to a file as its suffix asks: a picture, TikZ, Mermaid, or a page that plays both passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from backpropviz.draw.diagram import Diagram
from backpropviz.draw.rendering import DPI
from backpropviz.errors import DrawingError
from backpropviz.files import write
from backpropviz.text import summary_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropviz.draw.frames import Passes
    from backpropviz.draw.player.asking import Asked
    from backpropviz.engine.trace import Trace

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".tex", ".mmd", ".html", ".pptx", ".gif")
_ENDS = re.compile(r"[:,.;](?![^()]*\))|(?<!\w )\(|\((?!(?:-?[\w.]+, ?)+(?:-?[\w.]+)?\))")
"""What ends a heading; `(N, D)` and `(0, 1)` belong to the words before them."""


def known(path: Path) -> str:
    """The suffix of a path, if it says what to draw.

    Raises:
        DrawingError: it does not.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DrawingError(f"{path.name!r} does not say what to draw", fix=f"End it in one of {', '.join(SUFFIXES)}.")
    return suffix


def heading(trace: Trace, layer: str) -> str:
    """What a picture is called: the beginning of the docstring of the function or its file, or the layer's name."""
    told = summary_of(trace.callable)
    first = _ENDS.split(told)[0].strip()
    return first if 0 < len(first) <= 48 else trace.layer if ".py" in layer else layer


def export(
    diagram: Diagram,
    path: Path,
    layer: str = "",
    dpi: int = DPI,
    passes: Passes = "backward",
    questions: Sequence[Asked] = (),
    opened: Diagram | None = None,
) -> None:
    """Write a diagram: .svg, .png, .pdf, .dot; .tex (TikZ), .mmd (Mermaid), .html (plays both passes); step by step, as
    the slides of a .pptx or a .gif.

    Args:
        layer: what the page calls the layer. dpi: of a .png. passes: that slides and .gif go through.
        questions: that a page asks.

    Raises:
        DrawingError: the suffix is none of these, or the file cannot be written.
    """
    suffix = known(path)
    if suffix == ".html":
        from backpropviz.draw.player import write_page

        write_page(diagram, path, layer, questions, opened)
    elif suffix == ".tex":
        from backpropviz.draw.tikz import tikz

        write(path, tikz(diagram.board.drawing).encode())
    elif suffix == ".mmd":
        from backpropviz.draw.mermaid import mermaid

        write(path, mermaid(diagram.circuit).encode())
    elif suffix == ".pptx":
        from backpropviz.draw.slides import presentation

        write(path, presentation(diagram.frames(passes)))
    elif suffix == ".gif":
        from backpropviz.draw.slides import moving_picture

        write(path, moving_picture(diagram.frames(passes)))
    else:
        diagram.save(path, dpi)
