"""The least distances between anchors: every pair of neighbours in a band says how far they must be apart.

One walk from left to right finds the places that satisfy all of them, and no place could be farther left.
"""

from __future__ import annotations

from collections import defaultdict

from backpropviz.code.breaking import width
from backpropviz.draw.board.anchors import APART, Anchor, Spacing
from backpropviz.draw.board.blocks import SIZE

Least = dict[Anchor, dict[Anchor, float]]


def solve(made: Spacing, wires: Least, last: int, cuts: tuple[int, ...]) -> Spacing:
    """Give every anchor its x, with a new row of the page after each column in `cuts`.

    Args:
        wires: the distances that gates and wires need, without their texts.
        last: the last column.
    """
    made.segments = list(zip([0, *(cut + 1 for cut in cuts)], [*cuts, last]))
    made.x, made.widths = {}, []
    least = _with_texts(made, wires)
    reach = _reach(made)
    for first, last in made.segments:
        anchors = sorted(anchor for anchor in least if first <= anchor[0] <= last)
        for anchor in anchors:
            before = ((made.x[each] + distance) for each, distance in least[anchor].items() if each[0] >= first)
            made.x[anchor] = max(before, default=0.0)
        left = min((made.x[anchor] - reach[anchor][0] for anchor in anchors if anchor in reach), default=0.0)
        shift = max(-left, _arriving(made, first))
        for anchor in anchors:
            made.x[anchor] += shift
        ends = (made.x[anchor] + reach[anchor][1] for anchor in anchors if anchor in reach)
        made.widths.append(max(ends, default=0.0))
    return made


def _with_texts(made: Spacing, wires: Least) -> Least:
    least = {anchor: dict(before) for anchor, before in wires.items()}
    for (_, band), extents in made.extents.items():
        ordered = sorted(extents)
        for one, two in zip(ordered, ordered[1:]):
            distance = extents[one][1] + extents[two][0] + made.apart(band)
            least[two][one] = max(least[two].get(one, 0.0), distance)
    return least


def _reach(made: Spacing) -> dict[Anchor, tuple[float, float]]:
    """How far anything reaches to the left and right of an anchor."""
    reach: dict[Anchor, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for extents in made.extents.values():
        for anchor, (left, right) in extents.items():
            reach[anchor] = max(left, reach[anchor][0]), max(right, reach[anchor][1])
    return reach


def _arriving(made: Spacing, first: int) -> float:
    """The room that the names of wires need that come from the row of the page above."""
    if first == 0:
        return 0.0
    column, room = made.grid.column, 0.0
    for route in made.grid.routes:
        tail = route.link.tail
        if column[tail] < first <= column[route.link.head]:
            name = width(tail.gate.name, SIZE) + APART["names"]
            extents = made.extents.get((route.row, "names"), {})
            left = (
                made.x[anchor] - each[0] for anchor, each in extents.items() if anchor[0] >= first and anchor in made.x
            )
            room = max(room, name - min(left, default=name))
    return room
