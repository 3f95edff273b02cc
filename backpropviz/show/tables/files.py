"""Writes what Rich prints to a file: as a picture, a page or text."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme

from backpropviz.errors import InputError
from backpropviz.files import write

WIDTH = 110  # columns
SUFFIXES = (".svg", ".html", ".txt")

_THEME = TerminalTheme(
    (255, 255, 255),
    (26, 26, 26),
    [
        (0, 0, 0),
        (192, 24, 42),
        (30, 120, 60),
        (150, 100, 0),
        (30, 80, 160),
        (120, 40, 120),
        (0, 110, 130),
        (95, 103, 115),
    ],
)
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: DejaVu Sans Mono, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>
<g transform="translate(12, 12)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


def save(shown: RenderableType, path: Path, title: str, width: int = WIDTH) -> None:
    """Write a table to an .svg, .html or .txt file that loads nothing from anywhere.

    Raises:
        InputError: it is another suffix. DrawingError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InputError(f"a table cannot be written to {path.name}", fix=f"End it in {known}.")
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(shown)
    if suffix == ".svg":
        text = console.export_svg(
            title=title, theme=_THEME, code_format=_SVG, unique_id="table", font_aspect_ratio=0.602
        )
    elif suffix == ".html":
        text = console.export_html(theme=_THEME)
    else:
        text = "\n".join(line.rstrip() for line in console.export_text().split("\n"))
    write(path, text.encode())
