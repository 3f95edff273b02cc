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


def fill_where(target: Any, ufunc: np.ufunc, inputs: tuple[Any, ...], mask: Any, options: dict[str, Any]) -> Any:
    """`np.log(x, out=target, where=mask)`: only the entries that the mask names are computed, and written.

    Raises:
        TraceError: there is no array to write into, so that nothing says what the other entries are.
    """
    if target is None:
        raise TraceError(
            f"np.{ufunc.__name__} with where= and no out= leaves the other entries to chance",
            fix="Say what they are: `out=np.zeros_like(x)` beside where=, or np.where around it.",
        )
    target = target[0] if isinstance(target, tuple) else target
    shape = np.shape(target)
    mask = mask if np.shape(mask) == shape else np.broadcast_to(mask, shape)
    picked = [
        x if np.ndim(x) == 0 else (x if np.shape(x) == shape else np.broadcast_to(x, shape))[mask] for x in inputs
    ]
    result = ufunc(*picked, **options)
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):  # in NumPy's words
        ufunc(*[np.ones(1, x.dtype) if hasattr(x, "dtype") else x for x in inputs], out=np.ones(1, target.dtype))
    writable(target).write(STORED, result, mask)
    return target


def change_at(ufunc: np.ufunc, target: Any, index: Any, value: Any = None) -> None:
    """`np.add.at(target, index, value)` and its kin: others than add and subtract where no entry is named twice."""
    if ufunc is np.add:
        writable(target).write(ADDED, value, index)
    elif ufunc is np.subtract:
        writable(target).write(ADDED, -value, index)
    elif _named_twice(index, np.shape(target)):
        raise TraceError(
            f"np.{ufunc.__name__}.at with an entry that is named twice cannot be traced",
            fix="np.add.at and np.subtract.at can; else change the entries one after the other, in a loop.",
        )
    else:
        before = target[index]
        writable(target).write(STORED, ufunc(before) if ufunc.nin == 1 else ufunc(before, value), index)


def _named_twice(index: Any, shape: tuple[int, ...]) -> bool:
    def plain(part: Any) -> Any:
        return getattr(getattr(part, "node", None), "value", part)

    count = np.zeros(shape, int)
    np.add.at(count, tuple(map(plain, index)) if type(index) is tuple else plain(index), 1)
    return bool((count > 1).any())


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
