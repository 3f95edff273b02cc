"""Lays out and renders DOT text: with the Graphviz that the pygraphviz wheel carries, or else with the `dot` program.

Graphviz runs in this process, which saves starting another one. Of pygraphviz only the thin binding to the C library is
imported: the wrapper in its package file takes half as long to import as a picture takes to draw. Text is measured and
drawn with the fonts in `fonts/`, so that pictures are the same on every machine, also on those that have no fonts.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

from backpropviz.errors import DrawingError

FORMATS = ("svg", "png", "pdf")
"""What can be rendered. Graphviz may crash on formats it does not know, so it is handed no others."""

DPI = 192  # of PNG pictures: twice the size they have on a screen, and sharp
Engine = Literal["dot", "nop2"]
"""`dot` lays a graph out; `nop2` draws one whose nodes and edges have their places."""

_FONTS = Path(__file__).parent / "fonts"
_CONFIGURATION = "FONTCONFIG_FILE"
_NOISE = ("Fontconfig", "Warning:", "in label of")
_one_at_a_time = threading.Lock()  # Graphviz keeps global state, and so does standard error


def render(dot: str, format: str, engine: Engine = "dot", dpi: int = DPI) -> bytes:
    """The drawing of a graph in DOT: SVG text in UTF-8, or the bytes of a PNG (of `dpi` dots per inch) or PDF file.

    Raises:
        DrawingError: the format is none of `FORMATS`, Graphviz is missing, or it cannot draw the graph.
    """
    if format not in FORMATS:
        raise DrawingError(f"{format!r} is no format of a picture", fix=f"Choose one of {', '.join(FORMATS)}.")
    graphviz = _binding()
    picture = _in_process(graphviz, dot, format, engine, dpi) if graphviz else _by_program(dot, format, engine, dpi)
    # the same bytes from run to run, and from system to system
    picture = re.sub(rb"(?<=/CreationDate \(D:)\d{14}", b"19700101000000", picture) if format == "pdf" else picture
    return picture.replace(b"\r\n", b"\n") if format == "svg" else picture


def can_render() -> bool:
    """Whether there is a Graphviz to draw with."""
    return shutil.which("dot") is not None or _binding() is not None


def _binding() -> Any:
    """The C library's functions, or None where pygraphviz is not installed."""
    if "pygraphviz" in sys.modules or sys.platform == "win32":  # there, its package file says where the DLLs are
        with contextlib.suppress(ImportError):
            return importlib.import_module("pygraphviz.graphviz")
        return None
    package = importlib.util.find_spec("pygraphviz")
    if package is None:
        return None
    sys.modules["pygraphviz"] = importlib.util.module_from_spec(package)  # found, but not run
    try:
        return importlib.import_module("pygraphviz.graphviz")
    except ImportError:
        return None
    finally:
        del sys.modules["pygraphviz"]


def _in_process(graphviz: Any, dot: str, format: str, engine: Engine, dpi: int) -> bytes:
    with (
        _one_at_a_time,
        tempfile.TemporaryFile("w+", encoding="utf-8") as source,
        _own_fonts(),
        _captured_stderr() as said,
    ):
        source.write(dot)
        source.flush()
        source.seek(0)
        picture = _draw(graphviz, source, format, engine, dpi)
        said.seek(0)
        reason = said.read().decode(errors="replace")
    if not picture or "Error: " in reason:  # a label that it cannot read is replaced, and drawn all the same
        raise _cannot_draw(reason)
    return picture


def _draw(graphviz: Any, source: IO[str], format: str, engine: Engine, dpi: int) -> bytes:
    """The picture; empty if it fails."""
    try:
        graph = graphviz.agread(source, None)
    except ValueError:
        return b""
    if format == "png":
        graphviz.agattr(graph, graphviz.AGRAPH, b"dpi", str(dpi).encode())
    context = graphviz.gvContextWithBuiltins()
    result = None
    if graphviz.gvLayout(context, graph, engine.encode()) == 0:
        result = graphviz.gvRenderData(context, graph, format.encode())
        graphviz.gvFreeLayout(context, graph)
    graphviz.agclose(graph)
    graphviz.gvFreeContext(context)
    return bytes(result[1]) if isinstance(result, list | tuple) else b""


@contextlib.contextmanager
def _own_fonts() -> Iterator[None]:
    """Point fontconfig to our fonts while it draws for the first time, which is when it looks for fonts."""
    if _CONFIGURATION in os.environ or "pygraphviz" in sys.modules:  # the user chose fonts, or draws with it, too
        yield
        return
    handle, path = tempfile.mkstemp(suffix=".conf")
    folder = str(_FONTS).replace("&", "&amp;").replace("<", "&lt;")
    with open(handle, "w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0"?><fontconfig><dir>{folder}</dir></fontconfig>')
    os.environ[_CONFIGURATION] = path
    try:
        yield
    finally:
        del os.environ[_CONFIGURATION]
        os.unlink(path)


@contextlib.contextmanager
def _captured_stderr() -> Iterator[IO[bytes]]:
    """Catch what C libraries write to standard error: fontconfig complains there about the machine's fonts."""
    with tempfile.TemporaryFile() as said:
        try:
            saved = os.dup(2)
        except OSError:  # a process without standard error
            yield said
            return
        os.dup2(said.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _by_program(dot: str, format: str, engine: Engine, dpi: int) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise DrawingError(
            "there is no Graphviz to draw with",
            fix="Install it: `pip install pygraphviz` brings a copy; a `dot` program on the PATH serves as well. "
            "Boards as .svg and .html need neither.",
        )
    options = [f"-Gdpi={dpi}"] if format == "png" else []
    options += ["-Knop2"] if engine == "nop2" else []
    result = subprocess.run([program, f"-T{format}", *options], input=dot.encode(), capture_output=True, check=False)
    if result.returncode or not result.stdout:
        raise _cannot_draw(result.stderr.decode(errors="replace"))
    return result.stdout


def _cannot_draw(reason: str) -> DrawingError:
    lines = [line for line in reason.splitlines() if line.strip() and not line.startswith(_NOISE)]
    return DrawingError(
        f"Graphviz cannot draw the graph: {' '.join(lines) or 'it gives no reason'}",
        fix="Save it with the suffix .dot to see what was asked of it.",
    )
