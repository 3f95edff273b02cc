"""Shapes that inputs may have been meant to have, where the first ones that the forward pass runs on do not do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.layers.conventions import kind_of

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

RANKS: tuple[tuple[int, ...], ...] = ((3, 6, 5), (5, 3), (3, 5, 7, 6), (5,), (11, 9), (3, 5, 11, 9))
"""Shapes of the first input to try where the backward pass fails on the conventional one."""


def products(takes: list[str]) -> list[Shapes]:
    """Shapes of two matrices that can be multiplied, where two things are taken and neither is called a weight."""
    alone = len(takes) == 2 and not any(kind_of(name) == "weight" for name in takes)
    return [dict(zip(takes, ((5, 3), (3, 7))))] if alone else []


def targets_for(main: str, values: Mapping[str, Any], sizes: Iterable[int]) -> list[Shapes]:
    """Shapes of targets with a one for the right class, where numbers of classes do as well for the forward pass."""
    labels = [name for name in values if TARGET in roles(name) and values[name].ndim == 1]
    x: Shape = values[main].shape if main else ()
    return [{main: x, labels[0]: (x[0], n)} for n in sizes] if labels and len(x) == 2 else []


def vectors(name: str, sizes: Iterable[int]) -> list[Shapes]:
    """An input that holds one example: a vector, or a column."""
    every: list[Shape] = [shape for n in sizes for shape in ((n,), (n, 1))]
    return [{name: shape} for shape in every]
