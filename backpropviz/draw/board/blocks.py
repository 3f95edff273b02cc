"""The texts of a board as blocks of known size: what stands on the wires, in the gates and beside the boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backpropviz.code.breaking import ADVANCE, LEADING, broken, columns, shaped, torn, width
from backpropviz.draw.board.geometry import Ink
from backpropviz.draw.board.record import Gate
from backpropviz.draw.digits import numerals
from backpropviz.engine.graph import Array
from backpropviz.show.numerals import telling_place

SIZE = 14.0  # of all text
HINTED = 1.04  # letters are as much wider where they are fitted to the pixels of a small picture
SYMBOL = 22.0  # of an operator in a round gate
DIGITS = 12.0  # of the numbers in arrays
TRACK = 13.0  # from a black wire to the red one beside it
DIAMETER = 46.0  # of a round gate
SLOT = 30.0  # between two wires that enter a gate side by side
BADGE = 20.0
ROWS, COLUMNS = 6, 4  # arrays up to this size are shown whole
_LONGEST = 48  # columns of a formula that has all the room it wants
_WIDER = 1.5  # a gate than others, where its formula is torn apart less


@dataclass(frozen=True, slots=True)
class Shown:
    """How arrays are shown: at most so many rows, their numbers with so many digits; one row `beside` their names."""

    rows: int = ROWS
    digits: int = 3
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How texts are broken: the columns of a formula and of a gate, and whether a shape stands below its name.

    Attributes:
        values: how arrays are shown, if they are. shapes: write a shape also where it is that of an operand.
        longest: longer formulas and codes stand below the board, and go by their names on it.
        flat: boxes have their name and shape in one line.
    """

    formula: int = 24
    inside: int = 14
    stacked: bool = False
    values: Shown | None = None
    shapes: bool = True
    longest: int | None = None
    flat: bool = False


class Formula(NamedTuple):
    """A formula of the backward pass, and what it belongs to in the drawing."""

    text: str
    owner: str
    bold: bool = False


class Run(NamedTuple):
    """A piece of a line. `owner` is what it belongs to, if not to the same as the whole block."""

    text: str
    ink: Ink = "ink"
    bold: bool = False
    size: float = SIZE
    owner: str = ""

    @property
    def width(self) -> float:
        return width(self.text, self.size)


@dataclass(slots=True)
class Numbers:
    """The entries of an array as texts in rows, and how large each is beside the largest."""

    rows: list[list[str]]
    strengths: list[list[float]]
    ink: Ink

    @property
    def cell(self) -> float:
        whole = [row for row in self.rows if len(row) == self._length]
        return (max(columns(text) for row in whole for text in row) + 0.8) * ADVANCE * DIGITS

    @property
    def width(self) -> float:
        """Of the numbers, or of a remark above or below them."""
        remarks = [(columns(row[0]) + 0.8) * ADVANCE * DIGITS for row in (self.rows[0], self.rows[-1])]
        return max(self._length * self.cell, *remarks)

    @property
    def _length(self) -> int:
        return max(map(len, self.rows))

    @property
    def height(self) -> float:
        return len(self.rows) * DIGITS * 1.35


@dataclass(frozen=True)
class Block:
    """Lines of text, left-aligned, and below them an array.

    Attributes:
        formulas: what the lines say if they are formulas, unbroken. remark: what is said of an array in the first line.
    """

    lines: list[list[Run]] = field(default_factory=list)
    array: Numbers | None = None
    formulas: list[Formula] = field(default_factory=list)
    remark: Run | None = None

    def widened(self, room: float) -> Block:
        """The same in fewer lines, or with less torn, if there is room."""
        if len(self.lines) <= len(self.formulas):
            return self
        room /= HINTED
        made = red_block(self.formulas, int(min(room / width(" ", SIZE), _LONGEST)), self.array)
        if self.remark is not None:
            made = replace(made, lines=[[*made.lines[0], self.remark], *made.lines[1:]], remark=self.remark)
        return made if made.width <= room and (made.height, made.torn) < (self.height, self.torn) else self

    def beside(self, remark: Numbers | None, room: float, owner: str = "") -> Block:
        """The same with a remark on an array behind its first line, or below, if it is longer than `room` columns."""
        if remark is None or not self.lines or remark.rows[1:] or remark.rows[0][1:]:
            return replace(self, array=remark)
        text = Run(f"  {remark.rows[0][0]}", remark.ink, size=DIGITS, owner=owner)
        if sum(columns(run.text) for run in (*self.lines[0], text)) > room:
            return replace(self, array=remark)
        return replace(self, lines=[[*self.lines[0], text], *self.lines[1:]], remark=text)

    def __bool__(self) -> bool:
        return bool(self.lines) or self.array is not None

    @cached_property
    def width(self) -> float:
        texts = max((sum(run.width for run in line) for line in self.lines), default=0.0)
        return max(texts, self.array.width if self.array else 0.0)

    @cached_property
    def height(self) -> float:
        texts = sum(max(run.size for run in line) * LEADING for line in self.lines)
        return texts + (self.array.height + 4 if self.array else 0.0)

    @cached_property
    def torn(self) -> int:
        """How many lines end inside of brackets."""
        return torn("".join(run.text for run in line) for line in self.lines)


def badge_width(badge: str) -> float:
    return max(BADGE, width(badge, SIZE) + 8)


def red_block(formulas: list[Formula], room: int, array: Numbers | None = None) -> Block:
    """Formulas in lines of `room` columns."""
    lines = [[Run(line, "red", bold, owner=owner)] for text, owner, bold in formulas for line in broken(text, room)]
    return Block(lines, array, formulas)


def with_array(block: Block, grad: Numbers | None, style: Style, gate: Gate) -> Block:
    """Formulas with the gradient they come to, below them, or beside the first."""
    if style.values is None or not style.values.beside:
        return replace(block, array=grad)
    return block.beside(grad, style.formula + 4, f"sum_{gate.id}")


def label(gate: Gate, style: Style) -> Block:
    """Name and shape, as they stand on a black wire."""
    if gate.kind in ("input", "end"):
        return Block()
    name, shape = Run(gate.name, bold=True), Run(gate.shape, "grey")
    if not gate.shape or (gate.keeps and not style.shapes):
        return Block([[name]])
    return Block([[name], [shape]]) if style.stacked else Block([[name, Run(" "), shape]])


def inscription(gate: Gate, style: Style, chip: bool = False) -> list[list[Run]]:
    """What stands in a gate or box."""
    if gate.kind == "end":
        return [[Run(gate.inscription, "grey")]] if gate.inscription else []
    if gate.kind == "input":
        name, shape = Run(gate.name, bold=True), Run(gate.shape, "grey")
        if chip or not gate.shape:
            return [[name]]
        return [[name, Run(" "), shape]] if style.flat else [[name], [shape]]
    if style.longest is not None and len(gate.inscription) > style.longest and gate.short:
        return [[Run(line)] for line in broken(" , ".join(gate.short.split()).replace(" ,", ","), style.inside)]
    if columns(gate.inscription) <= 2 and not (columns(gate.inscription) == 2 and gate.inscription.isidentifier()):
        return [[Run(gate.inscription, size=SYMBOL)]]
    most = style.inside if style.values else int(style.inside * _WIDER)  # numbers need the room more than formulas
    lines = shaped(gate.inscription, style.inside, most)
    return [[Run(line)] for line in lines]


def array_of(value: Array | None, ink: Ink, shown: Shown) -> Numbers | None:
    """An array to be shown: whole if it is small, or its first rows; of a larger one the matrix that says most, under
    its place; else its smallest, mean and largest entry."""
    if value is None:
        return None
    if value.size == 0:
        return Numbers([["empty"]], [[0.0]], ink)
    place = telling_place(value)
    if place and value.shape[-1] <= COLUMNS and value.shape[-2] < shown.rows:
        part = array_of(value[place], ink, shown)
        assert part is not None
        named = f"[{', '.join(map(str, place))}]"
        return Numbers([[named], *part.rows], [[0.0], *part.strengths], ink)
    length = value.shape[-1] if value.ndim else 1
    if value.ndim > 2 or length > COLUMNS or value.size // length > ROWS:
        with np.errstate(all="ignore"):
            extent = [float(value.min()), float(value.mean()), float(value.max())]
        lines = [f"{word} {text}" for word, text in zip(("min ", "mean", "max "), numerals(extent, shown.digits))]
        lines = _range(extent, shown) if shown.rows == 1 else [lines[0], lines[2]] if shown.rows < 3 else lines
        return Numbers([[line] for line in lines], [[0.0] for _ in lines], ink)
    flat = [float(entry) for entry in value.ravel().tolist()]
    largest = max((abs(entry) for entry in flat if math.isfinite(entry)), default=0.0) or 1.0
    texts = numerals(value.ravel().tolist(), shown.digits)
    strengths = [max(-1.0, min(1.0, entry / largest)) if not math.isnan(entry) else 0.0 for entry in flat]
    starts = list(range(0, len(flat), length))
    made = Numbers([texts[at : at + length] for at in starts], [strengths[at : at + length] for at in starts], ink)
    if len(starts) > shown.rows == 1:
        return Numbers([_range([min(flat), max(flat)], shown)], [[0.0]], ink)
    if len(starts) > shown.rows:
        made.rows = [*made.rows[: shown.rows - 1], [f"⋮ {len(starts)} rows"]]
        made.strengths = [*made.strengths[: shown.rows - 1], [0.0]]
    return made


def _range(extent: list[float], shown: Shown) -> list[str]:
    low, high = numerals([extent[0], extent[-1]], shown.digits)
    return [f"{low.strip()} to {high.strip()}"]
