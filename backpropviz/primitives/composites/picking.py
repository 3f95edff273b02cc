"""NumPy functions that pick entries and put them in places, put together from gates."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array, is_traced, of_one_kind
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.composites.joining import common_shape
from backpropviz.primitives.joining import diag
from backpropviz.primitives.record import gate, traceable
from backpropviz.primitives.shapes import astype, put
from backpropviz.primitives.stores import stored


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """np.diagonal, as it is written shortest."""
    said = {"offset": (offset, 0), "axis1": (axis1, 0), "axis2": (axis2, 1)}
    return np.diagonal(array(a), **{name: value for name, (value, default) in said.items() if value != default})


def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim != 1:
        return np.copy(diagonal(v, k))
    return diag(v, k) if k else diag(v)


def _take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    a = array(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    if type(indices) is list and mode == "raise" and axis == 0 and all(type(i) is int for i in indices):
        return a[indices]  # as it is written
    indices = array(indices)
    size = a.shape[axis]
    if mode == "wrap":
        indices = indices % size
    elif mode == "clip":
        indices = np.clip(indices, 0, size - 1)
    found = a[(slice(None),) * (axis % a.ndim) + (indices if indices.ndim or is_traced(indices) else int(indices),)]
    # where an index lays entries out in another order, sums of them would be rounded in another order, too
    own = is_traced(found) and found.ndim > 1 and not found.node.value.flags.c_contiguous
    return np.copy(found, order="C") if own and indices.ndim else found


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
    shape = common_shape([picked, *options])
    chosen: Any = options[-1] if len(options) > 1 else np.broadcast_to(options[-1], shape)
    for number, option in reversed(list(enumerate(options[:-1]))):
        chosen = np.where(picked == number, option, chosen)
    return chosen


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    kind = np.result_type(*[v if type(v) in (int, float, complex) else array(v) for v in (*choicelist, default)])
    shape = common_shape([*condlist, *choicelist])
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist))):
        chosen = np.where(condition, array(choice), chosen)
    chosen = chosen if chosen.dtype == kind else astype(chosen, kind)
    return chosen if np.shape(chosen) == shape else np.broadcast_to(chosen, shape)


def _compress(condition: Any, a: Any, axis: Any = None) -> Any:
    a, axis = (np.ravel(array(a)), 0) if axis is None else (array(a), axis % np.ndim(a))
    if np.shape(condition) == (a.shape[axis],) and array(condition).dtype == bool:
        return a[(*[slice(None)] * axis, array(condition))]
    return _take(a, np.flatnonzero(condition), axis)


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each function on the entries that its condition names; of several the last, as NumPy has it."""
    x = array(x)
    single = not isinstance(condlist, list | tuple) or (np.ndim(x) and np.ndim(condlist[0]) == 0)
    conditions = [array(c) for c in ([condlist] if single else condlist)]
    if len(conditions) == len(funclist) - 1:
        taken = functools.reduce(np.logical_or, conditions)
        conditions.append(np.logical_not(taken))
    elif len(conditions) != len(funclist):
        raise ValueError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or one more function is expected"
        )
    result: Any = np.zeros(np.shape(x), x.dtype)
    for condition, function in zip(conditions, funclist):
        value = function(x[condition], *args, **kw) if callable(function) else function
        if np.size(value):
            result = stored(result, value, condition)
    return result


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
    np.piecewise: _piecewise,
    np.extract: lambda condition, arr: _compress(np.ravel(array(condition)), arr),
    np.nonzero: _nonzero,
    np.unravel_index: _unravel_index,
    np.bincount: _bincount,
}
