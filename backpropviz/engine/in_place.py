"""What changes an array where it stands: functions with an `out=`, `np.add.at`, `np.copyto` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.errors import TraceError
from backpropviz.primitives.stores import ADDED, STORED


def fill(target: Any, result: Any) -> Any:
    """Write a result into the array that was given for it, and hand that back.

    Raises:
        TraceError: it is an array that nothing but this function could see change.
    """
    target = target[0] if isinstance(target, tuple) else target
    writable(target).fill_with(result)
    return target


def writable(target: Any) -> Any:
    """A traced value, or an array of the function's own that a traced value can be written into.

    Raises:
        TraceError: it is another array.
    """
    if not hasattr(target, "fill_with"):
        raise TraceError(
            "a traced value is written into an array that was made outside of the function",
            fix="Make the array inside of it, or copy it first: `out = out.copy()`.",
        )
    return target


def joined_index(outer: Any, inner: Any) -> Any:
    """The one index that says `x[outer][inner]`, in words as plain; None where it takes two."""
    if inner is Ellipsis or (isinstance(inner, slice) and inner == slice(None)):
        return outer
    parts = outer if isinstance(outer, tuple) else (outer,)
    if all(isinstance(part, int | np.integer) and not isinstance(part, bool | np.bool) for part in parts):
        return (*parts, *inner) if isinstance(inner, tuple) else (*parts, inner)
    return None


def add_at(ufunc: np.ufunc, target: Any, index: Any, value: Any = None) -> None:
    """`np.add.at(target, index, value)`, and the same with `np.subtract`."""
    if ufunc is np.add:
        writable(target).write(ADDED, value, index)
    elif ufunc is np.subtract:
        writable(target).write(ADDED, -value, index)
    else:
        raise TraceError(f"np.{ufunc.__name__}.at cannot be traced", fix="Only np.add.at and np.subtract.at can.")


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    target = writable(dst)
    if where is True:
        target.fill_with(src if hasattr(src, "dtype") else np.asarray(src, target.dtype))
        return
    mask = np.broadcast_to(where, dst.shape)
    target.write(STORED, np.broadcast_to(src, dst.shape)[mask], mask)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    if axis is None:
        _put(arr, indices, values)
        return
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in np.shape(indices))])
    grid[axis % np.ndim(arr)] = indices
    writable(arr).write(STORED, values, tuple(grid))


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    where = np.unravel_index(np.asarray(ind), np.shape(a))
    writable(a).write(STORED, np.resize(v, np.shape(ind)) if np.shape(v) != np.shape(ind) else v, where)


def _putmask(a: Any, mask: Any, values: Any) -> None:
    if np.ndim(values) and np.shape(values) != np.shape(a):
        raise TraceError("np.putmask repeats its values here", fix="Write `a[mask] = values`, one for each place.")
    writable(a).write(STORED, values[mask] if np.ndim(values) else values, mask)


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if wrap:
        raise TraceError("np.fill_diagonal with wrap= cannot be traced", fix="Assign at an index of its own.")
    places = np.arange(min(np.shape(a)))
    writable(a).write(STORED, val, (places,) * np.ndim(a))


IN_PLACE: dict[Any, Callable[..., Any]] = {
    np.copyto: _copyto,
    np.put_along_axis: _put_along_axis,
    np.put: _put,
    np.putmask: _putmask,
    np.fill_diagonal: _fill_diagonal,
}
