"""Shows a trace in the terminal: the tables of `pages.py`, without blanks at the ends of lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult

from backpropviz.show.lines import trimmed
from backpropviz.show.pages import overview
from backpropviz.show.records import TraceView
from backpropviz.show.step_page import one_step


class Shown:
    """A view that is laid out when it is printed, at the width of the console or the one given."""

    def __init__(self, lay_out: Callable[[int], list[RenderableType]], width: int | None):
        self.lay_out, self.width = lay_out, width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = self.width or options.max_width
        yield from trimmed(console, Group(*self.lay_out(width)), options.update(width=width))


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
