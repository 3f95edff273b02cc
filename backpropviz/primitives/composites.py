"""NumPy functions that are put together from others when they meet a traced value, and the ones that only look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.products import dot, dot_stacks


def _at_least_2d(x: Any) -> Any:
    return x if np.ndim(x) >= 2 else np.reshape(x, (1, -1))


def _vstack(arrays: Any) -> Any:
    return np.concatenate([_at_least_2d(x) for x in arrays], axis=0)


def _hstack(arrays: Any) -> Any:
    rows = [x if np.ndim(x) else np.reshape(x, (1,)) for x in arrays]
    return np.concatenate(rows, axis=0 if np.ndim(rows[0]) == 1 else 1)


def _column_stack(arrays: Any) -> Any:
    return np.concatenate([x if np.ndim(x) >= 2 else np.reshape(x, (-1, 1)) for x in arrays], axis=1)


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    # let NumPy decide where to cut, on the positions alone
    parts = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    lead = (slice(None),) * (axis % ary.ndim)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return [ary[(*lead, slice(int(start), int(start) + len(part)))] for start, part in zip(starts, parts)]


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"axis {axis} of length {ary.shape[axis]} does not divide into {indices_or_sections} equal parts"
        )
    return _array_split(ary, indices_or_sections, axis)


def _average(a: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if np.ndim(weights) != np.ndim(a) and axis is not None:
        # one weight per place along the axis
        weights = np.reshape(weights, (-1,) + (1,) * (a.ndim - 1 - axis % a.ndim))
    weights = np.broadcast_to(weights, a.shape)
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / np.sum(weights, axis=axis, keepdims=keepdims)


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return dot_stacks(a, b) if np.ndim(a) > 1 and np.ndim(b) > 2 else dot(a, b)


def _inner(a: Any, b: Any) -> Any:
    if np.ndim(a) < 2 and np.ndim(b) < 2:
        return _dot(a, b)
    return np.tensordot(a, b, axes=(-1, -1))


def _diagonal(a: Any, offset: int = 0) -> Any:
    if a.ndim != 2:
        raise NotImplementedError(f"the diagonal of {a.ndim} axes; index it with np.arange on the axes you mean")
    rows = np.arange(len(np.diagonal(np.empty(a.shape), offset)))
    return a[rows - min(offset, 0), rows + max(offset, 0)]


def _diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    lead = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        a = a[(*lead, slice(1, None))] - a[(*lead, slice(None, -1))]
    return a


def _full_like(a: Any, fill_value: Any) -> Any:
    if hasattr(fill_value, "node"):
        return np.broadcast_to(fill_value.astype(a.dtype), a.shape)
    return np.full(a.shape, fill_value, a.dtype)


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.concatenate([np.ravel(arr), np.ravel(values)])
    return np.concatenate([arr, values], axis=axis)


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - (axis < start))


def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    first, second = axes
    if k % 4 == 2:
        return np.flip(np.flip(m, first), second)
    if k % 4 == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second) if k % 4 == 3 else m


COMPOSITES: dict[Any, Callable[..., Any]] = {
    np.vstack: _vstack,
    np.hstack: _hstack,
    np.column_stack: _column_stack,
    np.split: _split,
    np.array_split: _array_split,
    np.average: _average,
    np.dot: _dot,
    np.inner: _inner,
    np.vdot: lambda a, b: _dot(np.ravel(a), np.ravel(b)),
    np.diagonal: _diagonal,
    np.trace: lambda a, offset=0: np.sum(_diagonal(a, offset)),
    np.ptp: lambda a, axis=None, keepdims=False: (
        np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
    ),
    np.diff: _diff,
    np.full_like: _full_like,
    np.append: _append,
    np.rollaxis: _rollaxis,
    np.rot90: _rot90,
    np.flipud: lambda m: np.flip(m, 0),
    np.fliplr: lambda m: np.flip(m, 1),
    np.sort: lambda a, axis=-1: np.take_along_axis(a, np.argsort(a, axis=axis), axis=axis),
    np.broadcast_arrays: lambda *arrays: tuple(
        np.broadcast_to(x, np.broadcast_shapes(*map(np.shape, arrays))) for x in arrays
    ),
    np.atleast_1d: lambda x: x if x.ndim else np.reshape(x, (1,)),
    np.atleast_2d: _at_least_2d,
    np.take: lambda a, indices, axis=None: (
        np.ravel(a)[indices] if axis is None else a[(slice(None),) * (axis % a.ndim) + (indices,)]
    ),
}
"""Written with primitives: each records the operations it is made of."""

COMPARISONS: tuple[Any, ...] = (np.array_equal, np.allclose, np.isclose)
"""Answered from the values: what depends on the answer is not recorded."""

LOOKS: frozenset[Any] = frozenset(
    {
        *COMPARISONS,
        np.shape,
        np.ndim,
        np.size,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.result_type,
        np.array2string,
        np.array_repr,
        np.array_str,
        np.iscomplexobj,
        np.isrealobj,
    }
)
"""Answered from the value or its shape, and not recorded."""
