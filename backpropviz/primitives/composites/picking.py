"""NumPy functions that pick entries and put them in places, put together from gates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array, is_traced, of_one_kind
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.joining import diag
from backpropviz.primitives.record import gate, traceable
from backpropviz.primitives.shapes import astype, put


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = array(a)
    if a.ndim == 2 and (axis1, axis2) == (0, 1):
        rows = np.arange(np.diagonal(np.empty(a.shape), offset).shape[0])
        return a[rows - min(offset, 0), rows + max(offset, 0)]
    first, second = axis1 % a.ndim, axis2 % a.ndim
    matrices = np.moveaxis(a, (first, second), (-2, -1))
    rows = np.arange(np.diagonal(np.empty(matrices.shape), offset, -2, -1).shape[-1])
    return matrices[..., rows - min(offset, 0), rows + max(offset, 0)]


def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim != 1:
        return diagonal(v, k)
    return diag(v, k) if k else diag(v)


def _take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    a, indices = array(a), array(indices)
    if axis is None:
        a, axis = np.ravel(a), 0
    size = a.shape[axis]
    if mode == "wrap":
        indices = indices % size
    elif mode == "clip":
        indices = np.clip(indices, 0, size - 1)
    return a[(slice(None),) * (axis % a.ndim) + (indices if indices.ndim or is_traced(indices) else int(indices),)]


def moved(x: Any, move: Callable[[Any], Any]) -> Any:
    """What only moves entries, done to their places: `x` picked at the places that `move` makes of 0, 1, 2, ..."""
    return np.ravel(x)[move(np.arange(x.size).reshape(x.shape))]


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    arr = np.ravel(array(arr)) if axis is None else array(arr)
    axis = 0 if axis is None else axis % arr.ndim
    kept = np.delete(np.arange(arr.shape[axis]), obj)
    return arr[(*[slice(None)] * axis, kept)]


def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arr, values = array(arr), array(values)
    places = np.arange(arr.size).reshape(arr.shape)
    new = arr.size + np.arange(values.size).reshape(values.shape)
    both = np.concatenate([np.ravel(arr), np.ravel(values if values.dtype == arr.dtype else astype(values, arr.dtype))])
    return both[np.insert(places, obj, new, axis=axis)]


def _choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    options = of_one_kind(choices)
    picked = array(a)
    if mode == "wrap":
        picked = picked % len(options)
    elif mode == "clip":
        picked = np.clip(picked, 0, len(options) - 1)
    shape = np.broadcast_shapes(np.shape(picked), *map(np.shape, options))
    stacked = np.stack([np.broadcast_to(option, shape) for option in options])
    return stacked[(np.broadcast_to(picked, shape), *np.ogrid[tuple(slice(n) for n in shape)])]


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    kind = np.result_type(*[v if type(v) in (int, float, complex) else array(v) for v in (*choicelist, default)])
    shape = np.broadcast_shapes(*map(np.shape, (*condlist, *choicelist)))
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist))):
        chosen = np.where(condition, array(choice), chosen)
    chosen = chosen if chosen.dtype == kind else astype(chosen, kind)
    return chosen if np.shape(chosen) == shape else np.broadcast_to(chosen, shape)


def _compress(condition: Any, a: Any, axis: Any = None) -> Any:
    a = np.ravel(array(a)) if axis is None else array(a)
    return _take(a, np.flatnonzero(condition), 0 if axis is None else axis)


def _nonzero(a: Any) -> tuple[Any, ...]:
    places = np.argwhere(a)
    return tuple(places[:, axis] for axis in range(array(a).ndim))


def _unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    if order != "C":
        raise NotImplementedError("np.unravel_index with order='F'; reverse the shape, and the result")
    sizes = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    found = []
    for axis, size in enumerate(sizes):
        whole = indices // math.prod(sizes[axis + 1 :]) if axis < len(sizes) - 1 else indices
        found.append(whole % size if axis else whole)
    return tuple(found)


tally = traceable(np.bincount)
gate(tally, "counts of x", "It only counts: no gradient comes back through it.", decision=np.bincount)


def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    if not is_traced(weights):
        options = {name: v for name, v in (("weights", weights), ("minlength", minlength or None)) if v is not None}
        return tally(array(x), **options)
    x = array(x)
    length = len(np.bincount(x.node.value if is_traced(x) else x, minlength=minlength))
    return put(weights if weights.dtype == float else astype(weights, float), x, (length,))


COMPOSITES |= {
    np.diagonal: diagonal,
    np.linalg.diagonal: lambda x, /, *, offset=0: diagonal(x, offset, -2, -1),
    np.diag: _diag,
    np.diagflat: lambda v, k=0: _diag(np.ravel(array(v)), k),
    np.take: _take,
    np.delete: _delete,
    np.insert: _insert,
    np.resize: lambda a, new_shape: moved(array(a), lambda places: np.resize(places, new_shape)),
    np.choose: _choose,
    np.select: _select,
    np.compress: _compress,
    np.extract: lambda condition, arr: _compress(np.ravel(array(condition)), arr),
    np.nonzero: _nonzero,
    np.unravel_index: _unravel_index,
    np.bincount: _bincount,
}
