"""Assignment into an array, as an operation: the array with a value put into its place.

`out[i] = v` changes `out` where it stands. In the record it makes a new version of it, so that every earlier version
stays what it was when it was used. Versions share their memory as far as nobody looks back (`engine/versions.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable
from backpropviz.primitives.shapes import picks_once, take


@traceable
def stored(x: Any, value: Any, index: Any, out: Any = None) -> Array:
    """`x` with `value` at `index`: what `x[index] = value` makes of it, as a new array of the same shape and dtype."""
    if out is None:
        out = np.array(x)
    else:
        np.copyto(out, x)
    out[index] = value
    written: Array = out
    return written


@traceable
def last_writes(value: Any, index: Any, shape: Any) -> Array:
    """`value`, written at `index` into an array of `shape`, but 0 where a later entry of it overwrites an earlier."""
    order = np.full(tuple(shape), -1)
    places = np.arange(order[index].size).reshape(order[index].shape)
    order[index] = places
    kept: Array = value * (order[index] == places)
    return kept


gate(
    last_writes,
    "x where it is not overwritten",
    "What was overwritten at once gets no gradient.",
    ("1, but 0 where it was overwritten", lambda g, out, value, index, shape: last_writes(g, index, shape)),
    module="",
    helper=True,
)


def _value_back(g: Any, out: Any, x: Any, value: Any, index: Any) -> Any:
    part = take(g, index)
    if picks_once(index):
        return part
    places = np.arange(x.size).reshape(tuple(x.shape))[_plain(index)]
    return part if np.unique(places).size == places.size else last_writes(part, index, x.shape)


def _plain(index: Any) -> Any:
    """An index with arrays for traced values."""
    if isinstance(index, tuple):
        return tuple(map(_plain, index))
    return index.node.value if hasattr(index, "tape") else index


STORED = gate(
    stored,
    "x with y at index",
    "What was overwritten gets no gradient; what was written gets the gradient of its place.",
    ("1, but 0 where it was overwritten", lambda g, out, x, value, index: stored(g, 0, index)),
    ("1 at its place", _value_back),
    module="",
    into=stored.run,
    helper=True,
    by_shape=True,
)


@traceable
def added(x: Any, value: Any, index: Any, out: Any = None) -> Array:
    """`x` with `value` added at `index`, as `np.add.at` does: an entry named twice collects both."""
    if out is None:
        out = np.array(x)
    else:
        np.copyto(out, x)
    np.add.at(out, index, value)
    summed: Array = out
    return summed


ADDED = gate(
    added,
    "x with y added at index",
    "An addition at some places: the array and what was added both get the gradient of their places.",
    ("1", lambda g, out, x, value, index: g),
    ("1 at its place", lambda g, out, x, value, index: take(g, index)),
    module="",
    into=added.run,
    helper=True,
)
