"""The board of a circuit as a picture: laid out once, then written in any light, theme and format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from backpropviz.draw.board.blocks import DIGITS, SIZE
from backpropviz.draw.board.geometry import Drawing
from backpropviz.draw.board.page import compose
from backpropviz.draw.board.reading import read_board
from backpropviz.draw.board.record import Board
from backpropviz.draw.board.rendered import rendered
from backpropviz.draw.board.sizing import FOOTER, LEAST, LEAST_DIGITS, MARGIN, Fitted, Size, fit
from backpropviz.draw.board.themes import LIGHT, THEMES, Light, Theme
from backpropviz.draw.board.words import Free, height_of, height_of_heading, with_words
from backpropviz.draw.circuit import Circuit, Edge
from backpropviz.draw.light import Shown
from backpropviz.draw.rendering import DPI
from backpropviz.errors import DrawingError

if TYPE_CHECKING:
    from backpropviz.draw.telling import Told

_FEW_ROWS = 4  # on a page; a board that needs more is better read with its groups closed
SIZES = ("slide", "page", "free")


class BoardPicture:
    """A circuit as on the blackboard.

    Args:
        size: "slide" for 16:9, "page" for a column of text, "free" for as wide as it becomes.
        theme: "light", "dark", "print", or "auto": an SVG that follows the reader's screen.
        values: show the arrays, too. legend: say what black and red mean.

    Raises:
        DrawingError: there is no such size or theme.
    """

    def __init__(
        self,
        circuit: Circuit,
        title: str = "",
        size: Size = "slide",
        theme: str = "light",
        values: bool = False,
        legend: bool = True,
    ):
        if size not in SIZES:
            raise DrawingError(f"there is no size {size!r}", fix=f"Choose {', '.join(SIZES[:-1])} or {SIZES[-1]}.")
        if theme not in (*THEMES, "auto"):
            raise DrawingError(f"there is no theme {theme!r}", fix=f"Choose {', '.join(THEMES)} or auto.")
        self.circuit, self.size, self.theme, self.values, self.legend = circuit, size, theme, values, legend
        self.room = 0.0  # for words at the bottom
        self._told: dict[tuple[Told, str], Drawing] = {}  # drawings with words, by the words and their gate
        self.board: Board = read_board(circuit, title)

    @cached_property
    def _fitted(self) -> Fitted:
        return fit(self.board, self.size, self.values, self.room + FOOTER, self.legend)

    @cached_property
    def drawing(self) -> Drawing:
        return compose(self._fitted, self.board, self.legend, self.size)

    @property
    def smallest(self) -> float:
        """The height of the smallest text in pixels, on a slide of 1600 by 900 or a page of 760."""
        return self.drawing.smallest

    @property
    def fits(self) -> bool:
        """Whether it can be read in its size."""
        if self.size == "page":
            return self._fitted.rows <= _FEW_ROWS and self._fitted.smallest >= LEAST - 0.05
        least = LEAST if not self.values else max(LEAST, LEAST_DIGITS / DIGITS * SIZE)
        return self.size == "free" or self._fitted.smallest >= least - 0.05

    @property
    def wants_folding(self) -> bool:
        """Whether closed groups would tell more: it cannot be read, or only since its formulas stand below it."""
        return not self.fits or self._fitted.bare

    def of(self, circuit: Circuit) -> BoardPicture:
        """A picture of another circuit in the same way."""
        return BoardPicture(circuit, self.board.title, self.size, self.theme, self.values, self.legend)

    def with_room_for(self, told: Iterable[tuple[Told, Shown]]) -> BoardPicture:
        """The same, with room at the bottom for the words that find none at their gates.

        The less room is kept at the bottom, the larger the board; and the larger the board, the less room beside its
        gates. So room is made for what had none the last time, until all words have theirs.
        """
        every, wide = list(told), self.drawing.width - 2 * MARGIN
        alone = [height_of(words, wide) for words, shown in every if not _gate(shown)]
        room = max([*(height_of_heading(words, wide) for words, _ in every), *alone], default=0.0)
        while True:
            other = copy(self)
            for kept in ("drawing", "_fitted", "_free"):
                other.__dict__.pop(kept, None)
            other.room, other._told = room, {}
            lacking = [height_of(words, wide) for words, shown in every if not other._holds(words, shown)]
            if not lacking:
                return other
            room = max(lacking)

    def _holds(self, told: Told, shown: Shown) -> bool:
        """Whether words stand at their gate, or have room at the bottom."""
        high = height_of(told, self.drawing.width - 2 * MARGIN)
        return high <= self.room or any(shape.kind == "words" for shape in self.telling(told, shown).shapes)

    def dot(self, shown: Shown | None = None, told: Told | None = None) -> str:
        from backpropviz.draw.board.dot import write_dot

        return write_dot(self.telling(told, shown), self.colours, self.light(shown))

    @property
    def colours(self) -> Theme:
        return THEMES.get(self.theme, LIGHT)

    def telling(self, told: Told | None, shown: Shown | None = None) -> Drawing:
        """The drawing with words: about the gate that is lit, beside it."""
        if told is None:
            return self.drawing
        gate = _gate(shown)
        if (told, gate) not in self._told:
            self._told[told, gate] = with_words(self.drawing, told, gate, self._free)
        return self._told[told, gate]

    @cached_property
    def _free(self) -> Free:
        return Free(self.drawing)

    def render(self, format: str, shown: Shown | None = None, dpi: int = DPI, told: Told | None = None) -> bytes:
        """The bytes of an svg, png or pdf file."""
        return rendered(self.telling(told, shown), self.theme, self.light(shown), format, dpi)

    @cached_property
    def wires(self) -> dict[Edge, str]:
        """What the wire of every edge is called in the drawing: forward_3, and backward_3 beside it."""
        numbers = {(use.tail.id, use.head.id): use.number for use in reversed(self.board.uses)}
        several: dict[tuple[str, str], list[int]] = {}
        for use in self.board.uses:
            several.setdefault((use.tail.id, use.head.id), []).append(use.number)
        found = {}
        for edges, name, turned in (
            (self.circuit.forward, "forward", False),
            (self.circuit.backward, "backward", True),
        ):
            seen: dict[tuple[str, str], int] = {}
            for edge in edges:
                key = (edge.head.id, edge.tail.id) if turned else (edge.tail.id, edge.head.id)
                at = seen.get(key, 0)
                seen[key] = at + 1
                own = several.get(key, [numbers.get(key, 0)])
                found[edge] = f"{name}_{own[min(at, len(own) - 1)]}"
        return found

    def light(self, shown: Shown | None) -> Light:
        """What of the drawing is faint, and what lit."""
        if shown is None:
            return Light()
        faint = frozenset(self._faint(shown))
        lit = {self.wires[each] if isinstance(each, Edge) else each.id for each in shown.lit}
        return Light(faint - lit, frozenset(lit))

    def _faint(self, shown: Shown) -> Iterator[str]:
        for vertex in self.circuit.vertices:
            if vertex not in shown.values:
                yield vertex.id
            if vertex not in shown.gradients:
                yield f"sum_{vertex.id}"
        for vertex in self.circuit.vertices:
            if vertex.inner and not any(edge.tail is vertex and edge in shown.edges for edge in self.circuit.backward):
                yield f"inner_{vertex.id}"
        for edge in self.circuit.forward:
            if edge.tail not in shown.values:
                yield self.wires[edge]
                yield f"chip_{self.wires[edge].removeprefix('forward_')}"
        for edge in self.circuit.backward:
            if edge not in shown.edges:
                yield self.wires[edge]
        sent = {edge.tail for edge in self.circuit.backward if edge in shown.edges}
        yield from (f"on_{id}" for id, vertex in self.circuit.handing_on().items() if vertex not in shown.values)
        yield from (f"back_{id}" for id, vertex in self.circuit.handing_back().items() if vertex not in sent)


def _gate(shown: Shown | None) -> str:
    """The gate that is lit; nothing where it is not the only one."""
    lit = [each.id for each in shown.lit if not isinstance(each, Edge)] if shown is not None else []
    return lit[0] if len(lit) == 1 else ""
