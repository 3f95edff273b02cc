"""The diagram of a trace: values from left to right along black wires, gradients back along red ones."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from backpropviz.draw.rendering import DPI, FORMATS
from backpropviz.draw.wiring import MOST, read_circuit
from backpropviz.errors import DrawingError
from backpropviz.files import write

if TYPE_CHECKING:
    from backpropviz.draw.board.picture import BoardPicture
    from backpropviz.draw.board.sizing import Size
    from backpropviz.draw.circuit import Circuit, Edge
    from backpropviz.draw.dot import CardsPicture
    from backpropviz.draw.entries.picture import EntriesPicture
    from backpropviz.draw.frames import Frame, Passes
    from backpropviz.engine.trace import Trace


_MOST_CARDS = 1500  # Graphviz takes minutes to lay out more


class Diagram:
    """The picture of a trace.

    Args:
        trace: before its backward pass, the picture shows no gradient.
        ops: draw every operation instead of every step.
        expand: the groups to open, by function or by assigned name; without any, all, unless that is too much to read.
        title: a heading.
        style: "board" for a circuit as on the blackboard, "cards" for a row of cards with all arrays, "entries" for
            arrays as grids in which one entry is followed.
        entry: that entry, "out[0, 1]"; without one, the one that is made from most.
        size, theme, values, legend: of a board, as for `BoardPicture`.
        rounds: draw every round of a loop; without it, a loop is drawn once.

    Attributes:
        circuit: what it shows.
        picture: how it is drawn.

    Raises:
        DrawingError: there is no such group, style, size or theme, or more to draw than a picture can hold.
    """

    def __init__(
        self,
        trace: Trace,
        ops: bool = False,
        expand: Collection[str] = (),
        title: str | None = None,
        *,
        style: Literal["board", "cards", "entries"] = "board",
        entry: str | None = None,
        size: Size = "slide",
        theme: str = "light",
        values: bool = False,
        legend: bool = True,
        rounds: bool = False,
    ):
        self._read = partial(read_circuit, trace, ops, rounds=rounds)
        self._closes = style == "board" and not expand and bool(trace.groups or trace.loops)
        self._frames: dict[Passes, list[Frame]] = {}
        self.circuit: Circuit = self._read(expand, most=_MOST_CARDS if style == "cards" else MOST)
        self.picture: BoardPicture | CardsPicture | EntriesPicture
        if style == "entries":
            from backpropviz.draw.entries.picture import EntriesPicture

            self.picture = EntriesPicture(trace, entry, title or "", theme, legend)
            return
        if style == "cards":
            from backpropviz.draw.dot import CardsPicture

            self.picture = CardsPicture(self.circuit, title or "")
            return
        if style != "board":
            raise DrawingError(f"there is no style {style!r}", fix="Choose board, cards or entries.")
        from backpropviz.draw.board.picture import BoardPicture
        from backpropviz.draw.board.rule import RulePicture, is_rule

        options = title or "", size, theme, values, legend
        if size == "slide" and not values and is_rule(trace, self.circuit):
            self.picture = RulePicture(trace, self.circuit, title or "", theme, legend)
            return
        self.picture = BoardPicture(self.circuit, *options)
        if self.picture.wants_folding and (closed := self._closed()):
            self.circuit, self.picture = closed, BoardPicture(closed, *options)

    def _closed(self) -> Circuit | None:
        """The circuit with its groups and loops closed, if more of them are than now."""
        if not self._closes:
            return None
        closed = self._read(closed=True)
        now, then = (sum(vertex.kind == "group" for vertex in each.vertices) for each in (self.circuit, closed))
        return closed if then > now else None

    @property
    def trace(self) -> Trace:
        """The run that is shown; where only that lets loops be folded, recorded again with its constants."""
        return self.circuit.trace

    @property
    def board(self) -> BoardPicture:
        """The board, also of cards: what has only one look is drawn from it."""
        from backpropviz.draw.board.picture import BoardPicture

        return self.picture if isinstance(self.picture, BoardPicture) else BoardPicture(self.circuit, size="page")

    @property
    def wires(self) -> dict[Edge, str]:
        """What the wire of every edge of the circuit is called in the drawing.

        Raises:
            DrawingError: it shows grids, which have no wires.
        """
        from backpropviz.draw.entries.picture import EntriesPicture

        if isinstance(self.picture, EntriesPicture):
            raise DrawingError("grids of entries have no wires to play along", fix="Draw it as a board.")
        return self.picture.wires

    @cached_property
    def dot(self) -> str:
        """The same in the language of Graphviz, identical from run to run."""
        return self.picture.dot()

    def svg(self) -> str:
        """The picture as SVG, in which text is text."""
        return self.render("svg").decode()

    def render(self, format: str, dpi: int = DPI) -> bytes:
        """The bytes of an svg, png (of `dpi` dots per inch; 96 for the size it has on a screen) or pdf file.

        Raises:
            DrawingError: it is another format, or there is no Graphviz.
        """
        return self.picture.render(format, dpi=dpi)

    def save(self, path: str | os.PathLike[str], dpi: int = DPI) -> None:
        """Write the picture as the suffix says: .svg, .png, .pdf or .dot. The file is written whole or not at all.

        Raises:
            DrawingError: it is another suffix, the file cannot be written, or there is no Graphviz.
        """
        path = Path(path)
        format = path.suffix.lower().removeprefix(".")
        if format not in (*FORMATS, "dot"):
            known = ", ".join(f".{name}" for name in (*FORMATS, "dot"))
            raise DrawingError(f"{path.name} does not say what to draw", fix=f"End it in one of {known}.")
        write(path, self.dot.encode() if format == "dot" else self.render(format, dpi))

    def frames(self, passes: Passes = "backward") -> list[Frame]:
        """One picture for every step of a pass, the step lit; backward from the last step down to "0", the inputs. Of
        grids, one for every entry, whichever pass.

        Raises:
            DrawingError: the backward pass has not run.
        """
        from backpropviz.draw.board.picture import BoardPicture
        from backpropviz.draw.entries.picture import EntriesPicture

        if isinstance(self.picture, EntriesPicture):
            return self.picture.frames()
        if passes not in self._frames:
            frames = _framed(self.circuit, self.picture, passes)
            roomy = frames[0].picture if frames else None
            if isinstance(roomy, BoardPicture) and roomy.wants_folding and (closed := self._closed()):
                frames = _framed(closed, self.picture.of(closed), passes)
            self._frames[passes] = frames
        return self._frames[passes]

    def animated(self, passes: Passes = "backward") -> str:
        """One SVG that plays the frames."""
        from backpropviz.draw.frames import animate, read_frames

        return animate(read_frames(self.circuit, self.picture, passes))

    def pages(self, passes: Passes = "backward") -> bytes:
        """One PDF with a page for every frame.

        Raises:
            DrawingError: pypdf is not installed.
        """
        from backpropviz.draw.frames import bind

        return bind(self.frames(passes))

    def _repr_svg_(self) -> str:
        return self.svg()


def _framed(circuit: Circuit, picture: BoardPicture | CardsPicture, passes: Passes) -> list[Frame]:
    """The frames of a circuit, in a picture with room for their words."""
    from backpropviz.draw.frames import read_frames
    from backpropviz.draw.telling import tell

    frames = read_frames(circuit, picture, passes, tell(circuit.trace))
    roomy = picture.with_room_for((each.told, each.shown) for each in frames if each.told is not None)
    return [replace(frame, picture=roomy) for frame in frames]
