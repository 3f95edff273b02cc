"""Gates along an axis where every entry meets its neighbours: products, running sums and products, differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable
from backpropviz.primitives.reductions import axes_of, masked, spread


def _rows(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with `axes` laid out in one, the last."""
    kept = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    return np.reshape(np.moveaxis(x, axes, tuple(range(-len(axes), 0))), (*kept, math.prod(x.shape[a] for a in axes)))


def _from_rows(rows: Any, shape: Any, axes: tuple[int, ...]) -> Any:
    kept = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    apart = np.reshape(rows, (*kept, *(shape[axis] for axis in axes)))
    return np.moveaxis(apart, tuple(range(-len(axes), 0)), axes)


@traceable
def others(x: Any, axis: Any = None) -> Array:
    """For every entry of `x`, the product of all the others along `axis`: shape of `x`.

    What comes before an entry times what comes after it: nothing is divided by, so zeros do no harm.
    """
    axes = axes_of(axis, x.ndim)
    if not axes:
        return np.ones_like(x)
    rows = _rows(x, axes)
    before, after = np.ones_like(rows), np.ones_like(rows)
    np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(rows[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return np.ascontiguousarray(_from_rows(before * after, x.shape, axes))


def _others_back(g: Any, out: Any, x: Any, axis: Any = None) -> Any:
    axes = axes_of(axis, x.ndim)
    if not axes:
        return 0 * g
    rows = _rows(x, axes)
    itself = np.eye(rows.shape[-1], dtype=bool)
    # entry j is in the product of all but i, together with all but i and j
    without = np.where(itself, 0.0, others(np.where(itself, 1.0, rows[..., None, :]), axis=-1))
    return _from_rows(np.sum(_rows(g, axes)[..., None] * without, axis=-2), x.shape, axes)


gate(
    others,
    "product of the others",
    "An entry is in the product of every other one.",
    ("the product of all but two", _others_back),
    module="",
    helper=True,
)


def _prod(
    g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None, dtype: Any = None
) -> Any:
    shared = spread(g if initial is None else g * initial, x, axis, keepdims)
    return shared * others(x, axis=axis)


gate(
    np.prod,
    "prod(x)",
    "A product hands each factor the product of all the others.",
    ("the product of the others", masked(_prod, fill=1.0)),
    into=np.prod,
)


def _back_to_front(g: Any, out: Any, x: Any, axis: Any = None, dtype: Any = None) -> Any:
    if axis is None or x.ndim == 0:
        return np.reshape(np.flip(np.cumsum(np.flip(g, axis=0), axis=0), axis=0), x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


gate(
    np.cumsum,
    "cumsum(x)",
    "A running sum collects the gradient of every later entry.",
    ("1", _back_to_front),
    into=np.cumsum,
)


def _running_product(g: Any, out: Any, x: Any, axis: Any = None, dtype: Any = None) -> Any:
    axes = axes_of(axis, x.ndim)
    rows = _rows(x, axes)
    so_far = np.tri(rows.shape[-1], dtype=bool)
    # output i is the product of the entries up to i: row i has ones from there on
    without = np.where(so_far, others(np.where(so_far, rows[..., None, :], 1.0), axis=-1), 0.0)
    upstream = np.reshape(g, rows.shape) if axis is None or x.ndim == 0 else _rows(g, axes)
    return _from_rows(np.sum(upstream[..., None] * without, axis=-2), x.shape, axes)


gate(
    np.cumprod,
    "cumprod(x)",
    "A running product hands each factor, for every later entry, the product of the others so far.",
    ("the products of the others", _running_product),
    into=np.cumprod,
)
