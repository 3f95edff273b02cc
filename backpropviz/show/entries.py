"""One entry in the terminal: what it was made from, in names and in numbers, and where its gradient goes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from backpropviz.code.breaking import broken
from backpropviz.engine.graph import Array
from backpropviz.show.tables.plain import FAINT, Sheet, counted, stack
from backpropviz.study.entries import EntryStory
from backpropviz.study.expressions import Entry, Expression, Known, Number, Sum, in_numbers, named, write

RED, NAME = "red", "bold"
MOST = 60  # rows of a table


def entry(story: EntryStory, layer: str, width: int, digits: int = 3) -> Group:
    """The page of an entry.

    Args:
        digits: of every number.
    """
    its = story.entry
    parts: list[RenderableType | None] = [Text.assemble((layer, NAME), "  ", (str(its), NAME))]
    best = story.best
    if isinstance(best, Number):
        said = f"{its} = {best.value:.{digits}g}" + (f", by {best.of}" if best.of else "")
        parts.append(Text(said))
    else:
        parts.append(_equation(its, best, width, digits))
    if story.through is not None and best is not story.through and story.is_gradient:
        parts.append(Text("Followed back to what arrives from above, each entry times its derivative:", FAINT))
        parts.append(_equation(its, story.through, width, digits))
    losers = list(_losers(story))
    if losers:
        parts.append(Text(f"Compared, and lost: {_some(losers)}. A small change of one changes nothing.", FAINT))
    if story.gradient is not None and story.goes_to:
        parts += _goes_to(story, digits)
    return stack(*parts)


def _equation(its: Entry, expression: Expression, width: int, digits: int) -> Text:
    """The entry, then the expression in names, in numbers, and what it comes to; and how many terms it has."""
    text = Text()
    lines = [write(expression, named)]
    if not isinstance(expression, Known):
        lines.append(write(expression, in_numbers(digits)))
    lines.append(f"{its.value:.{digits}g}")
    for number, line in enumerate(lines):
        head = f"{its} = " if not number else f"{'':{len(str(its))}} = "
        if len(head) > width // 3:
            head = f"{its}\n  = " if not number else "  = "
        margin = len(head.rpartition("\n")[2])
        style = NAME if number == len(lines) - 1 else ""
        for at, part in enumerate(broken(line, max(width - margin, 30))):
            text.append(head if at == 0 else " " * margin).append(part, style).append("\n")
    if isinstance(expression, Sum) and len(expression.products) > 1:
        text.append(f"{counted(len(expression.products), 'term')}\n", FAINT)
    text.rstrip()
    return text


def _losers(story: EntryStory) -> Iterator[str]:
    """Entries that were compared and lost."""
    for name, mask in story.seen.items():
        derivative = story.rows.get(name)
        lost = mask & (derivative == 0) if derivative is not None else mask
        if derivative is not None and np.count_nonzero(derivative):
            yield from (str(Entry(name, tuple(place), 0.0)) for place in np.argwhere(lost).tolist())


def _some(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _goes_to(story: EntryStory, digits: int) -> Iterator[RenderableType]:
    """What the gradient of the entry adds to the gradients of the inputs."""
    assert story.gradient is not None
    gradient = story.gradient
    yield Text(f"Its gradient, {gradient} = {gradient.value:.{digits}g}, goes to:", RED)
    rows = []
    left_out = 0
    for name, added in story.goes_to.items():
        places = [tuple(place) for place in np.argwhere(added).tolist()]
        left_out += max(0, len(places) - MOST)
        rows += [_row(name, place, story.rows[name], added, digits) for place in places[:MOST]]
    yield Sheet(("entry", "derivative", "gets"), rows, numbers={1, 2})
    if left_out:
        yield Text(f"and {left_out} more: --json has all", FAINT)


def _row(name: str, place: tuple[int, ...], derivative: Array, added: Array, digits: int) -> tuple[str, str, str]:
    return str(Entry(f"d{name}", place, 0.0)), f"{derivative[place]:.{digits}g}", f"{added[place]:.{digits}g}"


def jacobians(matrices: dict[str, Array], layer: str, width: int, digits: int = 3) -> Group:
    """Matrices of local derivatives, zeros faint; as many columns side by side as there is room for."""
    parts: list[RenderableType] = []
    for name, matrix in matrices.items():
        texts = [[f"{value + 0.0:.{digits}g}" for value in line] for line in matrix.tolist()]
        wide = max(len(text) for line in texts for text in line)
        body = Text()
        beside = max(1, width // (wide + 2))
        for start in range(0, matrix.shape[1], beside):
            if beside < matrix.shape[1]:
                last = min(start + beside, matrix.shape[1]) - 1
                body.append(f"columns {start} to {last}\n", FAINT)
            for line in texts:
                for text in line[start : start + beside]:
                    body.append(text.rjust(wide + 2), FAINT if float(text) == 0 else "")
                body.append("\n")
        body.rstrip()
        title = Text.assemble((layer, NAME), "  ", (f"d {name}".replace(" by ", " / d "), NAME), f"  {matrix.shape}")
        parts.append(Group(title, body))
    return stack(*parts)
