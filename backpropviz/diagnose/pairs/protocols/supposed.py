"""Shapes that inputs may have been meant to have, where the first ones that the forward pass runs on do not do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.reading import read

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

RANKS: tuple[tuple[int, ...], ...] = ((3, 6, 5), (5, 3), (3, 5, 7, 6), (5,), (11, 9), (3, 5, 11, 9))
"""Shapes of the first input to try where the backward pass fails on the conventional one."""

_LONG = (11,)


def products(takes: list[str]) -> list[Shapes]:
    """Shapes of two matrices that can be multiplied, where two things are taken and neither is called a weight."""
    alone = len(takes) == 2 and not any(kind_of(name) == "weight" for name in takes)
    return [dict(zip(takes, ((5, 3), (3, 7))))] if alone else []


def targets_for(main: str, values: Mapping[str, Any], sizes: Iterable[int]) -> list[Shapes]:
    """Shapes of targets with a one for the right class, where numbers of classes do as well for the forward pass."""
    labels = [name for name in values if TARGET in roles(name) and values[name].ndim == 1]
    x: Shape = values[main].shape if main else ()
    return [{main: x, labels[0]: (x[0], n)} for n in sizes] if labels and len(x) == 2 else []


def single(main: str, values: Mapping[str, Any]) -> list[Shapes]:
    """Shapes of a loss, or of a network with one, that gives one number for each example: the predictions, or the last
    weights and biases, end in 1, and a target is a number."""
    targets = [name for name in values if name != main and TARGET in roles(name)]
    if not targets or not main or values[main].ndim not in (0, 2):
        return []
    count = next(iter(values[main].shape), 5)  # what squeezes its last axis runs on numbers first of all
    weights = [name for name in values if kind_of(name) == "weight" and values[name].ndim == 2]
    biases = [name for name in values if kind_of(name) == "vector"]
    shapes: Shapes = {targets[0]: (count,)}
    if not weights:
        return [{**shapes, main: (count, 1)}]
    last: Shapes = {weights[-1]: (values[weights[-1]].shape[0], 1)}
    last |= {name: (*values[name].shape[:-1], 1) for name in biases[-1:]}
    rest: Shapes = {name: values[name].shape for name in (main, *weights[:-1], *biases[:-1])}
    return [{**rest, **last, **shapes}]


def vectors(name: str, sizes: Iterable[int]) -> list[Shapes]:
    """An input that holds one example: a vector, a column, or a row; and a vector that is longer than what is learned,
    along which a window moves."""
    every: list[Shape] = [shape for n in sizes for shape in ((n,), (n, 1), (1, n))]
    return [{name: shape} for shape in [*every, _LONG]]


def in_time(main: str, values: Mapping[str, Any]) -> list[Shapes]:
    """The shape of a sequence of what a layer was found to run on: it may go through the first axis as through time,
    and take a vector for each moment as well as a matrix."""
    return [{main: (7, *values[main].shape)}] if main and values[main].ndim == 2 else []


def numbers_for(main: str, values: Mapping[str, Any]) -> list[Shapes]:
    """Shapes of targets that are a number for each example, as a column or as a vector: `out - y` is an array for many
    other shapes of y, too."""
    targets = [name for name in values if name != main and TARGET in roles(name) and values[name].ndim == 2]
    return [{targets[0]: shape} for shape in ((values[targets[0]].shape[0], 1), values[targets[0]].shape[:1])
            if shape != values[targets[0]].shape] if targets else []  # fmt: skip


def regression(values: Mapping[str, Any]) -> list[Shapes]:
    """Shapes of examples, a target for each and a weight for each feature, where a loss takes these three: NumPy makes
    a loss of many other shapes, too."""
    weights = [name for name in values if kind_of(name) == "weight"]
    targets = [name for name in values if TARGET in roles(name)]
    data = [name for name in values if name not in (*weights, *targets)]
    if len(values) != 3 or not len(weights) == len(targets) == len(data) == 1:
        return []
    ways: list[tuple[Shape, Shape]] = [((7,), (3,)), ((7, 1), (3, 1))]
    return [{data[0]: (7, 3), targets[0]: y, weights[0]: w} for y, w in ways]


def alike(values: Mapping[str, Any]) -> list[Shapes]:
    """One shape for all inputs, where they differ in it and none is a weight: the mean and the variance of a
    distribution, say, one of which is called as vectors are."""
    shapes = {name: its.shape for name, its in values.items() if its.dtype.kind == "f"}
    told_apart = len({*shapes.values()}) > 1 and len(shapes) == len(values)
    if not told_apart or any(kind_of(name) == "weight" or TARGET in roles(name) for name in shapes):
        return []
    return [dict.fromkeys(shapes, max(shapes.values(), key=len))]


def one_index(function: Any, takes: list[str]) -> list[Shapes]:
    """Shapes of a vector, and of an index that is one number, where something is looked up by it: `table[word]`."""
    reading = read(function)
    indices = [name for name in takes if name in reading.labels and name not in reading.parted]
    data = [name for name in takes if name not in reading.labels and name not in reading.drawn]
    if not indices or not data:
        return []
    numbers: Shapes = dict.fromkeys(indices, ())
    if indices[0] != takes[0]:
        return [{data[0]: (5,), **numbers}]
    tables = [name for name in data if name in reading.asked and kind_of(name) != "index"]
    return [{**numbers, **dict.fromkeys(tables, (7, 5))}]
