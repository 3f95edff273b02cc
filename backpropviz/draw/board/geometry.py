"""A finished drawing: shapes, wires and texts with coordinates, in pixels from the upper left corner. Plain data.

Colours are names (`Ink`); a theme says what they look like. `owner` is what a thing belongs to: the id of a gate for
all that shows its value, "forward_3" and "backward_3" for what runs along its use number 3, and "sum_" with the id of a
gate for its whole gradient. A picture of one step makes owners faint, or lights them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Ink = Literal["ink", "red", "grey", "paper"]
Point = tuple[float, float]


@dataclass(slots=True, eq=False)
class Shape:
    """A gate, box, chip or badge, by its centre and size."""

    owner: str
    kind: Literal["round", "gate", "group", "input", "chip", "badge", "words", "end"]
    x: float
    y: float
    width: float
    height: float
    told: str = ""


@dataclass(slots=True, eq=False)
class Text:
    """One line of text. `x` is its left end, `y` its middle."""

    owner: str
    x: float
    y: float
    text: str
    size: float
    ink: Ink = "ink"
    bold: bool = False


@dataclass(slots=True, eq=False)
class Wire:
    """A line along `points` from one shape to another, by their ids, with an arrowhead at its end.

    Attributes:
        lines: the same in pieces: a red wire is open where it crosses a black one.
    """

    id: str
    owner: str
    ink: Ink
    points: list[Point]
    tail: str
    head: str
    arrow: bool = True
    told: str = ""
    lines: list[list[Point]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Dot:
    """Where a value fans out, or gradients meet."""

    id: str
    x: float
    y: float
    ink: Ink
    owner: str


@dataclass(slots=True, eq=False)
class Tile:
    """The ground of one number: `strength` from -1 to 1 is its part of the largest in its array.

    Attributes:
        group: the number of the colour of what belongs together, instead; -1 for none.
        border: the width of the line around it. edge: that line's ink.
    """

    owner: str
    x: float
    y: float
    width: float
    height: float
    strength: float
    group: int = -1
    border: float = 0.0
    edge: Ink = "grey"


@dataclass(slots=True, eq=False)
class Outline:
    """The line around a group of gates."""

    id: str
    x: float
    y: float
    width: float
    height: float
    title: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Drawing:
    """All that is drawn.

    Attributes:
        scale: how large lines and arrowheads are, beside those of a drawing in its own size.
        smallest: the size of the smallest text of its circuit.
    """

    width: float
    height: float
    title: str = ""
    shapes: list[Shape] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)
    scale: float = 1.0
    smallest: float = 0.0
