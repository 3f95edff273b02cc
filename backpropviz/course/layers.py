"""All layers that are known, in the order in which names are compared with theirs."""

from __future__ import annotations

from backpropviz.course import dense, losses, normalization, recurrent, windows
from backpropviz.course.record import Layer

LAYERS: tuple[Layer, ...] = (
    *dense.LAYERS, *normalization.LAYERS, *windows.LAYERS, *losses.LAYERS, *recurrent.LAYERS,
)  # fmt: skip
