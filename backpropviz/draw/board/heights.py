"""How high the rows of a board are: every row is made of bands, above and below the middle of its wires."""

from __future__ import annotations

from collections import defaultdict

from backpropviz.draw.board.blocks import TRACK

HALF = TRACK / 2
BELOW_BOX = 10.0  # between a box's formulas and where its wire turns
Key = tuple[int, int]
"""A segment and a row in it."""


class Heights:
    """How high the bands of every row are, above and below its wires."""

    def __init__(self) -> None:
        self.gates: dict[Key, float] = defaultdict(lambda: HALF)  # a row of wires alone has none
        self.names: dict[Key, float] = defaultdict(lambda: HALF + 4)
        self.arrays: dict[Key, float] = defaultdict(float)
        self.boxes: dict[Key, float] = defaultdict(float)
        self.texts: dict[Key, float] = defaultdict(float)  # beside the wires from boxes
        self.elbows: dict[Key, float] = defaultdict(float)
        self.formulas: dict[Key, float] = defaultdict(lambda: HALF + 4)
        self.roofs: dict[Key, float] = defaultdict(float)  # for the lines around groups, and their titles
        self.floors: dict[Key, float] = defaultdict(float)

    def top(self, key: Key) -> float:
        """From the middle of the wires to what stands highest."""
        hanging = self.boxes[key] + self.texts[key] + BELOW_BOX + 4 + self.elbows[key] if key in self.boxes else 0.0
        return self.names[key] + self.arrays[key] + hanging

    def bottom(self, key: Key) -> float:
        return max(self.formulas[key], self.gates[key])
