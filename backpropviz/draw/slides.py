"""The frames of a diagram as slides in which every gate and every word can be edited, and as a moving picture."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import TYPE_CHECKING, Any

from backpropviz.draw.board.geometry import Point, Shape, Text, Tile, Wire
from backpropviz.draw.board.picture import BoardPicture
from backpropviz.draw.board.themes import Light, Theme, fill_of, ink_of, tint_of
from backpropviz.draw.frames import SECONDS, Frame
from backpropviz.errors import DrawingError
from backpropviz.text import clean_line

if TYPE_CHECKING:
    from pptx.slide import Slide

FONT = "Consolas"
_UNIT = 7620  # English metric units in a pixel of a slide that is 1600 pixels wide
_EARLY = datetime.datetime(1980, 1, 1)  # files say this date, so that they are the same from run to run


def presentation(frames: list[Frame]) -> bytes:
    """A .pptx file with one slide for every frame, and what is told about it in the notes.

    Raises:
        DrawingError: python-pptx is not installed, or the frames are not those of a board.
    """
    try:
        import pptx
        from pptx.util import Emu
    except ImportError:
        raise DrawingError(
            "python-pptx is missing, which writes slides", fix="Install it: pip install 'backpropviz[slides]'"
        ) from None
    made = pptx.Presentation()
    for number, frame in enumerate(frames):
        picture = frame.picture
        if not isinstance(picture, BoardPicture):
            raise DrawingError("slides are made from boards", fix="Leave out --style cards.")
        if number == 0:
            made.slide_width = Emu(round(picture.drawing.width * _UNIT))
            made.slide_height = Emu(round(picture.drawing.height * _UNIT))
        slide = made.slides.add_slide(made.slide_layouts[6])
        _Slide(slide, picture, frame).draw()
        if frame.told is not None:
            slide.notes_slide.notes_text_frame.text = frame.told.text
    made.core_properties.created = made.core_properties.modified = _EARLY
    made.core_properties.author = made.core_properties.last_modified_by = "backpropviz"
    written = io.BytesIO()
    made.save(written)
    return _undated(written.getvalue())


def _undated(package: bytes) -> bytes:
    """A zip file without the time at which it was written."""
    undated = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(undated, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, _EARLY.timetuple()[:6]), old.read(name), zipfile.ZIP_DEFLATED)
    return undated.getvalue()


class _Slide:
    """Draws one frame with shapes and text boxes."""

    def __init__(self, slide: Slide, picture: BoardPicture, frame: Frame):
        self.shapes: Any = slide.shapes
        self.drawing = picture.telling(frame.told, frame.shown)
        self.theme: Theme = picture.colours
        self.light: Light = picture.light(frame.shown)
        background = slide.background.fill
        background.solid()
        background.fore_color.rgb = _color(self.theme.paper)

    def draw(self) -> None:
        from pptx.enum.shapes import MSO_SHAPE

        for outline in self.drawing.outlines:
            box = (outline.x, outline.y, outline.width, outline.height)
            self._box(MSO_SHAPE.ROUNDED_RECTANGLE, box, None, self.theme.frame, 1.0, corner=8.0)
        for tile in self.drawing.tiles:
            self._tile(tile)
        for wire in self.drawing.wires:
            self._wire(wire)
        for dot in self.drawing.dots:
            size = 6.4 * self.drawing.scale
            color = ink_of(self.theme, dot.ink, dot.owner, self.light)
            self._box(MSO_SHAPE.OVAL, (dot.x - size / 2, dot.y - size / 2, size, size), color, None)
        for shape in self.drawing.shapes:
            self._shape(shape)
        for text in self.drawing.texts:
            self._text(text)

    def _box(
        self,
        kind: Any,
        box: tuple[float, ...],
        fill: str | None,
        line: str | None,
        thick: float = 1.0,
        corner: float = 0.0,
    ) -> Any:
        shape = self.shapes.add_shape(kind, *(round(part * _UNIT) for part in box))
        _flat(shape)
        if fill is None:
            shape.fill.background()
        else:
            shape.fill.solid()
            shape.fill.fore_color.rgb = _color(fill)
        if line is None:
            shape.line.fill.background()
        else:
            shape.line.color.rgb = _color(line)
            shape.line.width = round(thick * _UNIT)
        if corner and len(shape.adjustments):
            shape.adjustments[0] = min(0.5, corner / max(min(box[2], box[3]), 1e-6))
        return shape

    def _tile(self, tile: Tile) -> None:
        from pptx.enum.shapes import MSO_SHAPE

        box = (tile.x, tile.y, tile.width, tile.height)
        self._box(MSO_SHAPE.RECTANGLE, box, tint_of(self.theme, tile, self.light), None)

    def _shape(self, shape: Shape) -> None:
        from pptx.enum.shapes import MSO_SHAPE

        if shape.kind == "end":
            return
        round_ = shape.kind == "round" or (shape.kind == "badge" and shape.width == shape.height)
        kind = (
            MSO_SHAPE.OVAL if round_ else MSO_SHAPE.RECTANGLE if shape.kind == "input" else MSO_SHAPE.ROUNDED_RECTANGLE
        )
        box = (shape.x - shape.width / 2, shape.y - shape.height / 2, shape.width, shape.height)
        lit = shape.owner in self.light.lit and shape.kind != "badge"
        line = ink_of(self.theme, "ink", shape.owner, self.light)
        made = self._box(
            kind, box, fill_of(self.theme, shape, self.light), line, self.drawing.scale * (3.4 if lit else 1.7),
            corner=shape.height / 2 if shape.kind in ("badge", "chip") else 13.0,
        )  # fmt: skip
        made.name = f"badge of {shape.owner}" if shape.kind == "badge" else shape.owner

    def _wire(self, wire: Wire) -> None:
        color = ink_of(self.theme, wire.ink, wire.owner, self.light)
        thick = self.drawing.scale * (3.0 if wire.owner in self.light.lit else 1.6)
        for number, line in enumerate(wire.lines):
            self._line(wire, line, color, thick, arrow=wire.arrow and number == len(wire.lines) - 1)

    def _line(self, wire: Wire, line: list[Point], color: str, thick: float, arrow: bool) -> None:
        from pptx.enum.dml import MSO_LINE
        from pptx.oxml.ns import qn

        start, *rest = [(round(x * _UNIT), round(y * _UNIT)) for x, y in line]
        builder = self.shapes.build_freeform(*start, scale=1.0)
        builder.add_line_segments(rest, close=False)
        made = builder.convert_to_shape()
        made.name = wire.id
        _flat(made)
        made.fill.background()
        made.line.color.rgb = _color(color)
        made.line.width = round(thick * _UNIT)
        if wire.ink == "red":
            made.line.dash_style = MSO_LINE.DASH
        if arrow:
            head = made.line._get_or_add_ln().makeelement(
                qn("a:tailEnd"), {"type": "triangle", "w": "med", "len": "med"}
            )
            made.line._get_or_add_ln().append(head)

    def _text(self, text: Text) -> None:
        from pptx.enum.text import MSO_ANCHOR
        from pptx.util import Pt

        high = text.size * 1.6
        box = (text.x, text.y - high / 2, max(len(text.text), 1) * text.size * 0.75 + 10, high)
        frame = self.shapes.add_textbox(*(round(part * _UNIT) for part in box)).text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        run = frame.paragraphs[0].add_run()
        run.text = clean_line(text.text)
        run.font.name, run.font.size, run.font.bold = FONT, Pt(round(text.size * 0.6, 1)), text.bold
        run.font.color.rgb = _color(ink_of(self.theme, text.ink, text.owner, self.light))


def _flat(shape: Any) -> None:
    """No shadow: PowerPoint asks the shape for it, LibreOffice the style that the shape refers to."""
    from pptx.oxml.ns import qn

    shape.shadow.inherit = False
    for reference in shape._element.iter(qn("a:effectRef")):
        reference.set("idx", "0")


def _color(written: str) -> Any:
    from pptx.dml import color

    rgb: Any = color.RGBColor
    return rgb(*(int(written[at : at + 2], 16) for at in (1, 3, 5)))


def moving_picture(frames: list[Frame], dpi: int = 96) -> bytes:
    """A GIF that plays the frames over and over, and stays with the last one.

    Raises:
        DrawingError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise DrawingError(
            "Pillow is missing, which writes moving pictures", fix="Install it: pip install 'backpropviz[slides]'"
        ) from None
    pictures = [
        Image.open(io.BytesIO(frame.render("png", dpi))).convert("P", palette=Image.Palette.ADAPTIVE)
        for frame in frames
    ]
    times = [round(1000 * SECONDS)] * (len(pictures) - 1) + [4000]
    written = io.BytesIO()
    pictures[0].save(written, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=False)
    return written.getvalue()
