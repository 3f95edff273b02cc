"""The page of a trace, with the board that suits it; in a notebook it stands in a frame of its own."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpropviz.draw.diagram import Diagram
from backpropviz.errors import DrawingError
from backpropviz.files import write

if TYPE_CHECKING:
    from backpropviz.draw.player.asking import Asked
    from backpropviz.engine.trace import Trace

MOST_STEPS, MOST_WRITTEN = 20_000, 2_000
"""A page holds so many steps, the rounds of loops counted, and so many that do not fold into one round: it takes half a
minute to make, and nobody goes through more."""

_HEIGHT = 680  # pixels of the frame in a notebook


@dataclass(frozen=True)
class Player:
    """A page that plays both passes.

    Attributes:
        layer: what it is about. html: the page, which loads nothing from anywhere.
    """

    layer: str
    html: str

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all.

        Raises:
            DrawingError: it cannot be written.
        """
        write(Path(path), self.html.encode())

    def __repr__(self) -> str:
        return f"<the page that plays {self.layer}, {len(self.html) // 1000} kB: .save('{self.layer}.html')>"

    def _repr_html_(self) -> str:
        """In a notebook: the page in a frame, without a way to the notebook around it."""
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" sandbox="allow-scripts" title="{html.escape(self.layer)}" '
            f'style="width: 100%; height: {_HEIGHT}px; border: 0"></iframe>'
        )


def _fits(trace: Trace) -> None:
    """Refuse a run of which no page can be made in a minute, before anything is made of it.

    Raises:
        DrawingError: it has more steps than a page holds.
    """
    if len(trace.steps) > MOST_STEPS:
        raise DrawingError(
            f"{trace.function} runs {len(trace.steps):,} steps, and a page holds {MOST_STEPS:,}",
            fix="Play fewer rounds: the --shape or --set that the loop counts by, or a smaller number in the file.",
        )
    if len(trace.steps) > MOST_WRITTEN:
        from backpropviz.code.folding import fold  # what only loops need

        folds = trace.loops and fold(trace) is not None
        written = len({step.line for step in trace.steps} if folds else trace.steps)
        if written > MOST_WRITTEN:
            raise DrawingError(
                f"{trace.function} has {written:,} steps, and a page holds {MOST_WRITTEN:,} outside of loops",
                fix="Write what repeats as a loop, whose rounds fold into one; or play a part of it.",
            )


def player(
    trace: Trace, layer: str = "", ask: Callable[[], Sequence[Asked]] = tuple, title: str | None = None
) -> Player:
    """The page of a trace whose backward pass was run.

    Args:
        ask: makes up the questions, once it is known that a page holds the run.

    Raises:
        DrawingError: the backward pass has not run, or there are more steps than a page holds.
    """
    from backpropviz.draw.player import page

    _fits(trace)
    closed = paged(trace, title=title)
    return Player(layer or trace.function, page(closed, layer, ask(), opened=opened(trace, closed, title)))


def opened(trace: Trace, closed: Diagram, title: str | None = None, **how: Any) -> Diagram | None:
    """The drawing with all groups opened, if some are closed."""
    groups = tuple(dict.fromkeys(group.function for group in trace.groups))
    if not groups:
        return None
    found = paged(trace, expand=groups, title=title, **how)
    return found if len(found.circuit.vertices) > len(closed.circuit.vertices) else None


def paged(
    trace: Trace, ops: bool = False, expand: Collection[str] = (), title: str | None = None, **how: Any
) -> Diagram:
    """The drawing that a page shows: in rows, for beside its panel there is more height than width; but very many rows
    are no better than a slide."""
    rows = Diagram(trace, ops, expand, title, **{**how, "size": "page"})
    return rows if rows.picture.fits else Diagram(trace, ops, expand, title, **{**how, "size": "slide"})
