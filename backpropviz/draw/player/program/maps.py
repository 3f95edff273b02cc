"""Which entry goes where: a list of flat indices, or its beginning and its strides where it is regular."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.engine.graph import Array

Map = dict[str, Any] | list[int]


def as_map(places: Array) -> Map:
    """An array of flat indices, as short as it can be written.

    Reshapes, transposes, slices and broadcasts are regular: the index grows by the same along each axis.
    """
    if places.size:
        first = int(places.flat[0])
        steps = [
            int(np.take(places, 1, axis).flat[0]) - first if size > 1 else 0 for axis, size in enumerate(places.shape)
        ]
        regular = np.asarray(first)
        for step, grid in zip(steps, np.ogrid[tuple(map(slice, places.shape))]):
            regular = regular + step * grid
        if np.array_equal(np.broadcast_to(regular, places.shape), places):
            return {"first": first, "steps": steps}
    found: list[int] = places.ravel().tolist()
    return found
