"""Lines without blanks at their ends: Rich fills a table's last column, which a file or a pipe would keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment


def trimmed(console: Console, shown: RenderableType, options: ConsoleOptions) -> Iterator[Segment]:
    """What Rich prints of something, line by line."""
    for line in console.render_lines(shown, options, pad=False):
        while line and not line[-1].text.rstrip():
            line.pop()
        yield from line[:-1]
        if line:
            yield Segment(line[-1].text.rstrip(), line[-1].style)
        yield Segment.line()


@dataclass(frozen=True)
class Trimmed:
    """Something that is printed without blanks at the ends of its lines."""

    shown: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from trimmed(console, self.shown, options)
