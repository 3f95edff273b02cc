"""Shows a trace in the terminal: the lines of `pages.py`, in colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from backpropviz.show.layout import Line
from backpropviz.show.pages import overview
from backpropviz.show.records import TraceView
from backpropviz.show.step_page import one_step

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


class Shown:
    """A view that is laid out when it is printed, at the width of the console or the one given."""

    def __init__(self, lay_out: Callable[[int], list[Line]], width: int | None):
        self.lay_out, self.width = lay_out, width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # segments carry text as it is: no markup is read in them
        for line in self.lay_out(self.width or options.max_width):
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
    """A trace for the terminal.

    Args:
        ops: every step with its operations. step: the label of one step or group, to be shown whole.
        explain: what every backward step does, in words. expand: the groups to open, by label, function or result.

    Raises (when it is printed):
        InputError: there is no such step or group.
    """
    page = overview if step is None else partial(one_step, label=step)
    return Shown(lambda columns: page(view, width=columns, ops=ops, expand=expand, explain=explain), width)


def _trimmed(line: Line) -> Line:
    """A line without blanks at its end."""
    kept = list(line)
    while kept and not kept[-1][0].rstrip():
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(), kept[-1][1])
    return kept
