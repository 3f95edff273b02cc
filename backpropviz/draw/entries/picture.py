"""The grids of an entry as a picture, and one after the other as frames."""

from __future__ import annotations

from functools import cached_property

from backpropviz.draw.board.geometry import Drawing
from backpropviz.draw.board.rendered import rendered
from backpropviz.draw.board.themes import LIGHT, THEMES, Light
from backpropviz.draw.entries.grids import LEAST, draw
from backpropviz.draw.entries.reading import Reader, Scene
from backpropviz.draw.frames import Frame
from backpropviz.draw.light import Shown
from backpropviz.draw.rendering import DPI
from backpropviz.draw.telling import Direction, Told
from backpropviz.engine.trace import Trace
from backpropviz.errors import DrawingError


class EntriesPicture:
    """Arrays as grids, with one entry followed through them.

    Args:
        trace: after its backward pass. entry: "out[0, 1]"; without one, the entry that has the most terms.

    Raises:
        InputError: there is no such entry. DrawingError: there is no such theme.
    """

    def __init__(
        self, trace: Trace, entry: str | None = None, title: str = "", theme: str = "light", legend: bool = True
    ):
        if theme not in (*THEMES, "auto"):
            raise DrawingError(f"there is no theme {theme!r}", fix=f"Choose {', '.join(THEMES)} or auto.")
        self.reader = Reader(trace)
        self.scene: Scene = self.reader.scene(entry)
        self.title, self.theme, self.legend = title, theme, legend

    @cached_property
    def drawing(self) -> Drawing:
        return draw(self.scene, self.title, self.legend)

    @property
    def smallest(self) -> float:
        """The height of the smallest text in pixels, on a slide of 1600 by 900."""
        return self.drawing.smallest

    @property
    def fits(self) -> bool:
        """Whether it can be read on a slide."""
        return self.smallest >= LEAST - 0.05

    def dot(self) -> str:
        """The drawing in the language of Graphviz, with the place of everything in it."""
        from backpropviz.draw.board.dot import write_dot

        return write_dot(self.drawing, THEMES.get(self.theme, LIGHT))

    def render(self, format: str, shown: Shown | None = None, dpi: int = DPI, told: Told | None = None) -> bytes:
        """The bytes of an svg, png or pdf file; nothing in it is faint, and no words stand below."""
        return rendered(self.drawing, self.theme, Light(), format, dpi)

    def frames(self) -> list[Frame]:
        """A picture for each entry of the target's grid: the window slides."""
        trace = self.reader.trace
        direction: Direction = "backward" if self.scene.story.is_gradient else "forward"
        every = self.reader.positions(self.scene)
        pictures = [(entry, EntriesPicture(trace, entry, self.title, self.theme, self.legend)) for entry in every]
        shown = Shown((), (), (), ())
        return [Frame(its, number, direction, entry, shown) for number, (entry, its) in enumerate(pictures, 1)]
