"""The boxes around what a picture shows: the calls of functions that steps were made in, and the loops around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropviz.draw.circuit import Box
from backpropviz.engine.graph import Group, Node

if TYPE_CHECKING:
    from backpropviz.code.folding import Fold


def identifier(kind: str, label: str) -> str:
    """A name that DOT, SVG and TikZ take: letters, digits and underscores."""
    return "_".join([kind, *re.findall(r"\w+", label)])


def upward(group: Group | None) -> Iterator[Group]:
    """A group and those around it, from the inside out."""
    while group is not None:
        yield group
        group = group.parent


def boxes_of(group: Group | None) -> tuple[Box, ...]:
    """The boxes of a group and those around it, the outermost first."""
    boxes = []
    for above in upward(group):
        call = above.code or f"{above.function}(...)"
        title = f"{above.name} = {call}" if above.name else call
        boxes.append(Box(identifier("group", above.label), above.label, title))
    return tuple(reversed(boxes))


def loop_boxes(fold: Fold | None, node: Node) -> tuple[Box, ...]:
    """Frames for the folded loops around a value, with how often they run."""
    if fold is None:
        return ()
    return tuple(
        Box(f"loop_{fold.numbers[loop.site]}", "", fold.titles[loop], fold.handed_on(loop)) for loop in fold.loops(node)
    )
