"""The chain rule's figure: one gate, forward on the left and backward on the right.

On the left the gate takes its inputs and makes a value; on the right the gradient of the loss with respect to that
value arrives, is multiplied by each local derivative, which stands at the gate, and leaves to the inputs. A gate that
sums is told both ways: entries added one by one, and as a product with ones.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from backpropviz.code.breaking import LEADING, broken, width
from backpropviz.draw.board.geometry import Drawing, Ink, Outline, Point, Shape, Text, Wire
from backpropviz.draw.board.picture import BoardPicture
from backpropviz.draw.board.record import Board, Use
from backpropviz.draw.board.sizing import footnote
from backpropviz.draw.circuit import Circuit
from backpropviz.engine.trace import Trace

if TYPE_CHECKING:
    from backpropviz.show.records import Share

_SIZE, _SMALL = 24.0, 18.0
_WIDE, _HIGH = 1600.0, 900.0
_RADIUS = 62.0
_BOX = (150.0, 76.0)


def is_rule(trace: Trace, circuit: Circuit) -> bool:
    """Whether a circuit is one gate with two inputs, or one that sums, whose backward pass was run."""
    gates = [vertex for vertex in circuit.vertices if vertex.kind not in ("input", "outside")]
    if len(gates) != 1 or not trace.upstream or len(trace.steps) != 1 or len(trace.steps[0].nodes) != 1:
        return False
    uses = [edge for edge in circuit.forward if edge.head is gates[0]]
    primitive = trace.steps[0].node.primitive
    sums = primitive is not None and primitive.name in ("sum", "mean")
    inputs = {edge.tail for edge in uses}
    return len(circuit.backward) == len(circuit.forward) and len(inputs) == len(uses) == (1 if sums else 2)


class RulePicture(BoardPicture):
    """A picture of one gate, as for `BoardPicture`."""

    def __init__(self, trace: Trace, circuit: Circuit, title: str = "", theme: str = "light", legend: bool = True):
        super().__init__(circuit, title, "slide", theme, legend=legend)
        from backpropviz.show.view import view

        step = view(trace).steps[0]
        assert step.explanation is not None
        self.shares = step.explanation.gates[0].shares

    @property
    def fits(self) -> bool:
        return True

    @cached_property
    def drawing(self) -> Drawing:
        return _Figure(self.board, self.shares, self.legend).draw()


class _Figure:
    def __init__(self, board: Board, shares: tuple[Share, ...], legend: bool):
        self.board, self.shares, self.legend = board, shares, legend
        self.gate = next(gate for gate in board.gates if gate.kind not in ("input", "end"))
        self.uses = [use for use in board.uses if use.head is self.gate]
        self.out = next(use for use in board.uses if use.tail is self.gate)
        self.drawing = Drawing(_WIDE, _HIGH, board.title, scale=1.5, smallest=_SMALL)

    def draw(self) -> Drawing:
        drawing = self.drawing
        if self.board.title:
            self._text("title", 40, 44, self.board.title, bold=True, size=30)
        reasons = [reason.strip() for share in self.shares for reason in share.reasons]
        reasons += [note for note in (footnote(self.board),) if note]
        middle = 440.0 if not reasons else 370.0
        for heading, x, ink in (("forward", 90.0, "ink"), ("backward", 850.0, "red")):
            if self.legend:
                self._text("legend", x, 120, heading, "ink" if ink == "ink" else "red", bold=True)
        drawing.outlines.append(Outline("halves", _WIDE / 2 - 0.5, 110, 1.0, 510.0 if reasons else _HIGH - 160, ()))
        left, right = (460.0, middle), (1230.0, middle)
        rows = [middle] if len(self.uses) == 1 else [middle - 170, middle + 170]
        self._gate(self.gate.id, left)
        self._gate(f"{self.gate.id}_back", right)
        for use, share, y in zip(self.uses, self.shares, rows):
            self._use(use, share, y, left, right)
        self._ends(left, right)
        self._told(reasons)
        for wire in drawing.wires:
            wire.lines = [wire.points]
        return drawing

    def _ends(self, left: Point, right: Point) -> None:
        """The value that leaves, and the gradient that arrives."""
        gate, end, z, y = self.gate.id, self.out.head.id, self.gate.name, left[1]
        forward, backward = f"forward_{self.out.number}", f"backward_{self.out.number}"
        for id, x in ((end, left[0]), (f"{end}_back", right[0])):
            self.drawing.shapes.append(Shape(id, "end", x + 250, y, 2, 2))
        self._wire(forward, "ink", [(left[0] + _RADIUS, y), (left[0] + 240, y)], gate, end)
        self._text(gate, left[0] + 90, y - 24, z, bold=True)
        self._text(gate, left[0] + 90, y + 24, self.gate.shape, "grey", size=_SMALL)
        self._wire(backward, "red", [(right[0] + 250, y), (right[0] + _RADIUS, y)], f"{end}_back", f"{gate}_back")
        self._text(backward, right[0] + 96, y - 24, f"dL/d{z}", "red", bold=True)
        self._text(backward, right[0] + 96, y + 24, (self.out.terms or ("",))[0], "red", size=_SMALL)

    def _gate(self, id: str, at: Point) -> None:
        self.drawing.shapes.append(Shape(id, "round", *at, 2 * _RADIUS, 2 * _RADIUS, self.gate.told))
        lines = broken(self.gate.inscription, 7)
        size = 34.0 if len(self.gate.inscription) <= 3 else 18.0
        for number, line in enumerate(lines):
            y = at[1] + (number - (len(lines) - 1) / 2) * size * LEADING
            self._text(id, at[0] - width(line, size) / 2, y, line, size=size)

    def _use(self, use: Use, share: Share, y: float, left: Point, right: Point) -> None:
        """An input on the left, and what it gets on the right."""
        x, z = use.tail.name, self.gate.name
        for id, centre, forward in ((use.tail.id, left, True), (f"{use.tail.id}_back", right, False)):
            at = centre[0] - 300, y
            self.drawing.shapes.append(Shape(id, "input", *at, *_BOX, use.tail.told))
            self._text(use.tail.id, at[0] - width(x, _SIZE) / 2, y - 14, x, bold=True)
            shape = use.tail.shape
            self._text(use.tail.id, at[0] - width(shape, _SMALL) / 2, y + 18, shape, "grey", size=_SMALL)
            start, end = (at[0] + _BOX[0] / 2, y), _towards(centre, (at[0] + _BOX[0] / 2, y))
            if forward:
                self._wire(f"forward_{use.number}", "ink", [start, end], id, self.gate.id)
            else:
                self._wire(f"backward_{use.number}", "red", [end, start], f"{self.gate.id}_back", id)
        owner, above = f"backward_{use.number}", y <= right[1]
        # the local derivative at the gate, and what leaves below or above the box
        local = f"d{z}/d{x} = {share.local}"
        at_gate = right[1] + (-1 if above else 1) * (_RADIUS + 26) if len(self.uses) > 1 else right[1] - _RADIUS - 26
        self._text(owner, right[0] + 20 - (60 if len(local) > 24 else 0), at_gate, local, "red", size=20)
        leaving = y - _BOX[1] / 2 - 46 if above else y + _BOX[1] / 2 + 28
        self._text(
            owner, right[0] - 300 - _BOX[0] / 2, leaving, f"dL/d{x} = dL/d{z} * d{z}/d{x}", "red", bold=True, size=20
        )
        for number, line in enumerate(broken((use.terms or ("",))[0], 40)):
            self._text(owner, right[0] - 300 - _BOX[0] / 2, leaving + 24 * (number + 1), line, "red", size=_SMALL)

    def _told(self, reasons: list[str]) -> None:
        lines = [line for reason in dict.fromkeys(reasons) for line in broken(reason, 130)]
        for number, line in enumerate(lines[:8]):
            self._text("legend", 90, 660 + number * _SMALL * 1.5, line, "grey", size=_SMALL)

    def _wire(self, id: str, ink: Ink, points: list[Point], tail: str, head: str) -> None:
        self.drawing.wires.append(Wire(id, id, ink, points, tail, head))

    def _text(
        self, owner: str, x: float, y: float, text: str, ink: Ink = "ink", bold: bool = False, size: float = _SIZE
    ) -> None:
        if text:
            self.drawing.texts.append(Text(owner, x, y, text, size, ink, bold))


def _towards(centre: Point, start: Point) -> Point:
    """Where a straight line to the middle of a gate meets its rim."""
    dx, dy = start[0] - centre[0], start[1] - centre[1]
    length = (dx * dx + dy * dy) ** 0.5
    return centre[0] + dx / length * _RADIUS, centre[1] + dy / length * _RADIUS
