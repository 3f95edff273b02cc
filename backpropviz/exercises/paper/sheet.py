"""A worksheet on paper as a list of parts: the forward pass with its numbers, blanks for the backward pass, and on a
sheet of its own the answers. `printed.py` and `pdf.py` set it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.engine.trace import Trace
from backpropviz.exercises.blanks import Blank, blanks
from backpropviz.show.view import view
from backpropviz.text import clean

MOST = 48  # entries of an array that is written out, or left blank entry by entry


@dataclass(frozen=True)
class Heading:
    """A line above others. `level` 1: of the whole; 2: of a part; 3: of a step. `breaks`: on a new page."""

    text: str
    level: int
    breaks: bool = False


@dataclass(frozen=True)
class Words:
    text: str


@dataclass(frozen=True)
class Lines:
    """Code; `blank` leaves a line to write on behind the last one."""

    lines: tuple[str, ...]
    blank: bool = False


@dataclass(frozen=True)
class Grid:
    """One matrix of an array: its numbers, or None for boxes to fill in."""

    name: str
    rows: int
    columns: int
    entries: tuple[str, ...] | None


Part = Heading | Words | Lines | Grid


def sheet(trace: Trace, layer: str) -> list[Part]:
    """The parts of the worksheet of a trace whose backward pass was run."""
    shown = view(trace, layer)
    wanted = blanks(shown)
    found: list[Part] = [Heading(f"{layer}: the backward pass, on paper", 1)]
    found += [Words(text) for text in (shown.summary, _TASK) if text]
    found.append(Heading("Forward", 2))
    for part in shown.inputs:
        found += _array(part.name, part.value)
    settings = [f"{name} = {value!r}" for name, value in shown.settings.items() if value is not None]
    found += [Lines((", ".join(settings),))] if settings else []
    for step in shown.steps:
        found += [Words(f"{step.label}. {step.caption}")] if step.caption else []
        found += [
            Lines((step.statement or f"{step.name} = {' '.join(step.code.split())}",)),
            *_array(step.name, step.value),
        ]
    found.append(Heading("Backward", 2, breaks=True))
    for upstream in shown.upstream:
        found += [Words("This gradient arrives:"), *_array(upstream.name, upstream.value)]
    found += _asked(wanted, None)
    found += [
        Heading(f"{layer}: the answers", 1, breaks=True),
        *_asked(wanted, {f.name: f.value for f in shown.backward}),
    ]
    return [_clean(part) for part in found]


_TASK = (
    "The forward pass is given, with its numbers. Write the backward pass, from the last step to the first: the line "
    "of code, and the numbers it gives."
)


def _asked(wanted: list[Blank], values: dict[str, Array] | None) -> Iterator[Part]:
    """What is asked for, step by step; with the values, the answers."""
    above: str | None = None
    for blank in wanted:
        if blank.step != above:
            above = blank.step
            yield Heading(f"step {blank.step}: {blank.code}" if blank.step else "the inputs: where paths meet", 3)
        if values is None:
            yield Words(f"{blank.name}: {blank.task}")
            yield Lines((f"{blank.name} =",), blank=True)
            yield from _array(blank.name, np.empty(blank.shape), blank=True)
        else:
            yield Lines(blank.solution)
            yield from _array(blank.name, values[blank.name])


def _array(name: str, value: Array, blank: bool = False) -> Iterator[Part]:
    """An array, a grid for each of its matrices; a large one by its shape alone."""
    shape = value.shape
    if value.size > MOST or not value.size:
        if not blank:  # what is asked for has its shape said already
            yield Words(f"{name} has the shape {shape}.")
        return
    rows, columns = (1, 1) if not shape else (1, shape[0]) if len(shape) == 1 else shape[-2:]
    matrices = value.reshape(-1, rows, columns)
    for index, matrix in zip(np.ndindex(shape[:-2]), matrices):
        place = f"[{', '.join(map(str, index))}]" if index else ""
        entries = None if blank else tuple(_number(entry) for entry in matrix.ravel().tolist())
        yield Grid(f"{name}{place}", rows, columns, entries)


def _number(value: float) -> str:
    plain = not value or 1e-3 <= abs(value) < 1e4
    return str(value) if isinstance(value, int) else f"{value:.3f}" if plain else f"{value:.2e}"


def _clean(part: Part) -> Part:
    if isinstance(part, Heading):
        return Heading(clean(part.text), part.level, part.breaks)
    if isinstance(part, Words):
        return Words(clean(part.text))
    return Lines(tuple(map(clean, part.lines)), part.blank) if isinstance(part, Lines) else part


def words(parts: Iterable[Part]) -> str:
    """All that is written on the sheet, in one text."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, Lines):
            found += part.lines
        else:
            found.append(part.name if isinstance(part, Grid) else part.text)
    return "\n".join(found)
