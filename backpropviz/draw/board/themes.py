"""Colours of boards: on white, on a dark ground, in grey for print; and which of its things are faint or lit."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from backpropviz.draw.board.geometry import Ink, Shape, Tile


@dataclass(frozen=True, slots=True)
class Theme:
    """What the inks of a drawing look like, in full, and faint for what is not told yet."""

    paper: str
    ink: str
    red: str
    grey: str
    faint_ink: str
    faint_red: str
    gate: str
    input: str
    group: str
    lit: str
    frame: str
    positive: str
    negative: str
    groups: tuple[str, ...]


LIGHT = Theme(
    paper="#ffffff", ink="#1a1a1a", red="#c0182a", grey="#5f6773", faint_ink="#a9aeb6", faint_red="#e29aa2",
    gate="#fffffe", input="#fdf3d7", group="#e4ecf6", lit="#ffe28a", frame="#9aa3af",
    positive="#f0b36b", negative="#86b4e0",
    groups=("#dbe8f7", "#fde6c8", "#dcf0d8", "#ead9f4", "#fbdcd9", "#d5eeee", "#f3ecc4", "#e4e4e4"),
)  # fmt: skip
DARK = Theme(
    paper="#1f2f2b", ink="#f2f2ee", red="#ff8a7a", grey="#a9b8b2", faint_ink="#6b7b74", faint_red="#97655d",
    gate="#2a3d38", input="#4a4526", group="#2c4154", lit="#7a6a1c", frame="#6f817a",
    positive="#94652a", negative="#2f648f",
    groups=("#2b4a68", "#5f4620", "#2f5430", "#4d3760", "#613430", "#235252", "#565020", "#4a4f4d"),
)  # fmt: skip
PRINT = Theme(
    paper="#ffffff", ink="#000000", red="#2b2b2b", grey="#444444", faint_ink="#9a9a9a", faint_red="#9b9b9b",
    gate="#fffffe", input="#eeeeee", group="#e0e0e0", lit="#d0d0d0", frame="#777777",
    positive="#c9c9c9", negative="#dcdcdc",
    groups=("#ffffff", "#e2e2e2", "#cecece", "#f0f0f0", "#d8d8d8", "#c4c4c4", "#e9e9e9", "#f7f7f7"),
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK, "print": PRINT}


@dataclass(frozen=True, slots=True)
class Light:
    """The owners that are faint, and those that are lit; all others are in full colour."""

    faint: Set[str] = field(default_factory=frozenset)
    lit: Set[str] = field(default_factory=frozenset)


def ink_of(theme: Theme, ink: Ink, owner: str, light: Light) -> str:
    if owner in light.faint:
        return theme.faint_red if ink == "red" else theme.paper if ink == "paper" else theme.faint_ink
    return {"ink": theme.ink, "red": theme.red, "grey": theme.grey, "paper": theme.paper}[ink]


def fill_of(theme: Theme, shape: Shape, light: Light) -> str:
    if shape.kind == "badge":
        return theme.faint_ink if shape.owner in light.faint else theme.ink
    if shape.owner in light.lit:
        return theme.lit
    if shape.owner in light.faint:
        return theme.gate
    return (
        theme.input
        if shape.kind in ("input", "chip", "words")
        else theme.group
        if shape.kind == "group"
        else theme.gate
    )


def tint_of(theme: Theme, tile: Tile, light: Light) -> str:
    """The ground of a number: the larger it is beside the largest, the deeper; or the colour of its group."""
    if tile.group >= 0:
        return theme.groups[tile.group % len(theme.groups)]
    full = theme.positive if tile.strength > 0 else theme.negative
    part = abs(tile.strength) * (0.2 if tile.owner in light.faint else 0.7)
    return mixed(full, theme.paper, part)


def mixed(one: str, other: str, part: float) -> str:
    """A colour, `part` of it the first."""
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a * part + b * (1 - part)):02x}" for a, b in pairs)


def in_the_dark(svg: str) -> str:
    """An SVG in light colours that turns dark where the reader's screen is; pictures beside it do not."""
    light, dark = LIGHT, DARK
    rules = []
    for name in ("paper", "ink", "red", "grey", "faint_ink", "faint_red", "gate", "input", "group", "lit", "frame"):
        old, new = getattr(light, name), getattr(dark, name)
        rules.append(f'.board [fill="{old}"]{{fill:{new}}}.board [stroke="{old}"]{{stroke:{new}}}')
    style = f"<style>@media (prefers-color-scheme: dark){{{''.join(rules)}}}</style>"
    svg = svg.replace("<svg ", '<svg class="board" ', 1)
    at = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:at]}\n{style}{svg[at:]}"
