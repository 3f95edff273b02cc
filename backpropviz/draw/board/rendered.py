"""A drawing as the bytes of a file, by Graphviz or, where there is none, by our own writer of SVG.

Places are the same in both. An SVG of a thousand gates is written by ours as well: Graphviz reads, measures and writes
each text of it as a node, ten times as long.
"""

from __future__ import annotations

from backpropviz.draw.board.geometry import Drawing
from backpropviz.draw.board.themes import LIGHT, THEMES, Light, in_the_dark
from backpropviz.draw.rendering import DPI, can_render, render

MANY = 5_000  # texts; a gate has five or six


def rendered(drawing: Drawing, theme: str, light: Light, format: str, dpi: int = DPI) -> bytes:
    """The bytes of an svg, png or pdf file.

    Args:
        theme: "light", "dark", "print", or "auto" for an SVG that follows the reader's screen.
    """
    colours = THEMES.get(theme, LIGHT)
    if format == "svg" and (len(drawing.texts) > MANY or not can_render()):
        from backpropviz.draw.board.svg import write_svg

        picture = write_svg(drawing, colours, light)
        return (in_the_dark(picture) if theme == "auto" else picture).encode()
    from backpropviz.draw.board.dot import BOLD, FONTS, write_dot

    drawn = render(write_dot(drawing, colours, light), format, "nop2", dpi)
    if format != "svg":
        return drawn
    # to an SVG, a bold font is a family with a weight
    picture = drawn.decode().replace(f'font-family="{BOLD}"', f'font-family="{FONTS}" font-weight="bold"')
    return (in_the_dark(picture) if theme == "auto" else picture).encode()
