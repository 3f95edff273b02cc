"""Writes a page that plays both passes step by step: one file, that needs no network and no server.

The page is put together from the files beside this one, the drawing, and the frames: what every step shows, and what
it lights. All text reaches the page as data, which the script writes as text; the list for printing is escaped, and the
script takes the formulas from there.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from backpropviz.draw.board.themes import in_the_dark
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.player.asking import Asked, as_data
from backpropviz.draw.player.formulas import by_step
from backpropviz.draw.player.frames import MOST_ENTRIES, Frame, backward, drawn, forward
from backpropviz.draw.player.listing import item
from backpropviz.draw.player.packing import deflated, packed_data, packed_script, packed_svg
from backpropviz.draw.player.program import program
from backpropviz.draw.player.rounds import rounds_by_step
from backpropviz.draw.player.source import sources
from backpropviz.errors import DrawingError
from backpropviz.files import write
from backpropviz.show.view import TraceView, view

__all__ = ["MOST_ENTRIES", "page", "script_of", "write_page"]

MOST_LETTERS = 395_000  # of a page
_SCRIPTS = (
    "map.js", "zoom.js", "predict.js", "numbers.js", "compile.js", "machine.js", "spelling.js", "grids.js",
    "entries.js", "whatif.js", "rounds.js", "script.js",
)  # fmt: skip


def page(
    diagram: Diagram,
    layer: str = "",
    questions: Sequence[Asked] = (),
    links: Sequence[tuple[str, str]] = (),
    opened: Diagram | None = None,
) -> str:
    """The page as HTML.

    Args:
        diagram: of a trace whose backward pass was run.
        layer: what the layer is called; the function's name without one.
        questions: that the page asks about the steps of the backward pass, where its reader wants to predict them.
        links: to other pages: where to, and what they say.
        opened: the drawing with its groups opened, which the page can show instead; left out if it grows too large.

    Raises:
        DrawingError: the backward pass has not run. TraceError: nothing carries a gradient.
    """
    trace = diagram.trace
    if not trace.upstream:
        raise DrawingError(
            "the page plays both passes, and the backward pass has not run", fix="Run it, or draw an .svg."
        )
    shown = view(trace, layer)
    symbols = by_step(trace, {"0", *(step.label for step in drawn(shown, diagram.circuit))})
    frames = [*forward(shown, diagram, symbols), *backward(shown, diagram, symbols)]
    functions, places = sources(trace)
    run = program(trace)
    parts = {
        "title": html.escape(f"{shown.layer}, forward and backward"),
        "layer": html.escape(shown.layer),
        "summary": html.escape(shown.summary),
        "links": "".join(f'<a href="{html.escape(to)}">{html.escape(said)}</a>\n' for to, said in links),
        "style": packed_script(script_of("style.css")),
        "script": packed_script("".join(map(script_of, _SCRIPTS))),
        "drawing": _drawing(diagram),
        "frames": packed_data(_played(frames, places, run)),
        "functions": packed_data(functions),
        "asked": packed_data(as_data(questions)),
        "program": packed_data(run),
        "rounds": packed_data(rounds_by_step(trace, shown, frames)),
        "list": "\n".join(map(item, frames)),
    }
    made = {"opened": "", **parts}
    if opened is not None:
        other = deflated(_opened(shown, opened))
        if sum(map(len, parts.values())) + len(other) < MOST_LETTERS:
            made["opened"] = other
    return re.sub(r"\{\{(\w+)\}\}", lambda place: made[place[1]], script_of("template.html"))


def _opened(shown: TraceView, opened: Diagram) -> dict[str, Any]:
    """Another drawing of the same steps, and what they light there."""
    frames = [*forward(shown, opened, {}), *backward(shown, opened, {})]
    lights = "lit", "edges", "reached", "receivers", "factors"
    return {"svg": _drawing(opened), "frames": [{name: frame[name] for name in lights} for frame in frames]}


def write_page(
    diagram: Diagram,
    path: str | os.PathLike[str],
    layer: str = "",
    questions: Sequence[Asked] = (),
    opened: Diagram | None = None,
) -> None:
    """Write the page to a file, whole or not at all.

    Raises:
        DrawingError: as for `page`, or the file cannot be written.
    """
    write(Path(path), page(diagram, layer, questions, opened=opened).encode())


def script_of(name: str) -> str:
    """One of the files that the page is put together from."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def _drawing(diagram: Diagram) -> str:
    """The drawing without what only a file of its own has. A board turns dark with the page; cards stay on paper."""
    from backpropviz.draw.dot import CardsPicture

    svg = diagram.svg()
    if not isinstance(diagram.picture, CardsPicture):
        svg = in_the_dark(svg)
    return packed_svg(svg[svg.index("<svg") :])


def _played(frames: Sequence[Frame], places: dict[str, Any], run: dict[str, Any]) -> list[Frame]:
    """What the script needs of the frames: not the formulas, which it takes from the list, nor numbers that it has
    already, since they are given or were recorded in an earlier frame."""
    known = {*run.get("inputs", []), *run.get("upstream", [])}
    played = []
    for frame in frames:
        told = {name: value for name, value in frame.items() if name != "formulas"}
        told["arrays"] = [_without_data(array) if array["name"] in known else array for array in frame["arrays"]]
        known |= {array["name"] for array in frame["arrays"] if array["name"] in run.get("names", {})}
        played.append({**told, "place": places.get(frame["step"])})
    return played


def _without_data(array: Frame) -> Frame:
    return {name: value for name, value in array.items() if name != "data"}
