"""Shows a trace in the terminal: the lines of `pages.py`, in colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from backpropviz.layout import Line
from backpropviz.pages import overview
from backpropviz.records import TraceView

_STYLES = {
    "": Style(),
    "title": Style(bold=True),
    "name": Style(bold=True),
    "label": Style(color="cyan"),
    "shape": Style(dim=True),
    "caption": Style(dim=True),
    "rule": Style(dim=True),
    "gradient": Style(color="red"),
    "gradient name": Style(color="red", bold=True),
}


@dataclass(frozen=True)
class Shown:
    """A view, laid out when it is printed and the width is known."""

    view: TraceView
    ops: bool
    step: str | None
    explain: bool
    expand: tuple[str, ...]
    width: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = self.width or options.max_width
        lines = overview(self.view, width, ops=self.ops, expand=self.expand, explain=self.explain)
        # segments carry text as it is: no markup is read in them
        for line in lines:
            for text, style in _trimmed(line):
                yield Segment(text.replace("─", "-") if options.ascii_only else text, _STYLES[style])
            yield Segment.line()


def show(
    view: TraceView,
    *,
    ops: bool = False,
    step: str | None = None,
    explain: bool = False,
    expand: Sequence[str] = (),
    width: int | None = None,
) -> Shown:
    """A trace for the terminal."""
    return Shown(view, ops, step, explain, tuple(expand), width)


def _trimmed(line: Line) -> Line:
    """A line without blanks at its end."""
    kept = list(line)
    while kept and not kept[-1][0].rstrip():
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(), kept[-1][1])
    return kept
