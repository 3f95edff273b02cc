"""What a board shows: gates, and the uses that lead a value into a gate and a gradient back. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from backpropviz.engine.graph import Array


@dataclass(frozen=True, slots=True)
class Frame:
    """A line around gates that belong together: the steps of one call, the operations of one step, a loop's round.

    Attributes:
        handed_on: what goes round, from each round of a loop to the next.
    """

    id: str
    title: str
    handed_on: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Gate:
    """One gate, or the box of an input.

    Attributes:
        kind: "end" is where an output leaves the circuit.
        inscription: what is written in it: an operator, or code that may be broken into lines.
        short: the operators of a gate of several operations, "@ reshape transpose"; else as the inscription.
        badge: the number of its step; may be empty.
        name, shape: of the value it makes, as they stand on the wire.
        inner: formulas of what its backward pass computes once and uses more than once.
        sum: how its gradient is added up, "dx = dx_1 + dx_2"; empty where one gradient arrives.
        value, grad: the arrays, for boards that show numbers.
        told: the step's sentence, for tooltips.
        keeps: its value has the shape of an operand.
        entrywise: every entry of its value is made from one entry of each operand.
        frames: the lines around it, the outermost first.
    """

    id: str
    kind: Literal["input", "gate", "group", "end"]
    inscription: str
    badge: str = ""
    name: str = ""
    shape: str = ""
    sum: str = ""
    inner: tuple[str, ...] = ()
    value: Array | None = None
    grad: Array | None = None
    told: str = ""
    short: str = ""
    keeps: bool = False
    entrywise: bool = False
    frames: tuple[Frame, ...] = ()


@dataclass(slots=True, eq=False)
class Use:
    """`head` uses the value of `tail`.

    Attributes:
        terms: what comes back, as in "dx_1 = dout * w", and nothing for a gradient that goes by a name of its own in
            the sum at the tail; None where nothing comes back. A gate of several operations may send several terms.
    """

    number: int
    tail: Gate
    head: Gate
    terms: tuple[str, ...] | None = None


@dataclass(slots=True, eq=False)
class Board:
    """Gates in the order of the run, and their uses.

    Attributes:
        lengths: what the letters in the formulas stand for: "N" for "x.shape[0]".
    """

    gates: list[Gate]
    uses: list[Use]
    title: str = ""
    lengths: dict[str, str] = field(default_factory=dict)
