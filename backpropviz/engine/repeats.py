"""Arithmetic on arrays that repeat: what is the same along an axis is computed once, and repeated as a view.

The gradient of a mean is one number for many entries; so is twice that gradient, and memory is what a trace costs most.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_EXACT = {np.add, np.subtract, np.multiply, np.divide, np.negative}  # one rounding: the same bits in any layout


def without_repeats(function: Any, values: list[Any]) -> list[Any] | None:
    """The operands cut to one entry along every axis on which none of them changes; None where there is no such axis."""
    if function not in _EXACT or not any([0 in value.strides for value in values if type(value) is np.ndarray]):
        return None
    shape = np.broadcast_shapes(*map(np.shape, values))
    axes = [axis for axis in range(-len(shape), 0) if shape[axis] > 1 and all(_repeats(v, axis) for v in values)]
    return [_first(value, axes) for value in values] if axes else None


def _repeats(value: Any, axis: int) -> bool:
    return np.ndim(value) < -axis or value.shape[axis] == 1 or value.strides[axis] == 0


def _first(value: Any, axes: list[int]) -> Any:
    ndim = np.ndim(value)
    return value[tuple([slice(0, 1) if axis in axes else slice(None) for axis in range(-ndim, 0)])] if ndim else value
