"""NumPy functions that are put together from others when they meet a traced value, and the ones that only look."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np


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


def _average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return np.mean(a, axis=axis)
    return np.sum(a * weights, axis=axis) / np.sum(weights * np.ones(a.shape), axis=axis)


def _inner(a: Any, b: Any) -> Any:
    return np.sum(a * b) if np.ndim(a) == 1 else np.tensordot(a, b, axes=(-1, -1))


def _diagonal(a: Any, offset: int = 0) -> Any:
    rows = np.arange(*np.diagonal(np.empty(a.shape), offset).shape)
    return a[rows - min(offset, 0), rows + max(offset, 0)]


COMPOSITES: dict[Any, Callable[..., Any]] = {
    np.vstack: _vstack,
    np.hstack: _hstack,
    np.column_stack: _column_stack,
    np.split: _split,
    np.array_split: _array_split,
    np.average: _average,
    np.inner: _inner,
    np.vdot: lambda a, b: np.sum(np.ravel(a) * np.ravel(b)),
    np.diagonal: _diagonal,
    np.trace: lambda a: np.sum(_diagonal(a)),
    np.ptp: lambda a, axis=None: np.max(a, axis=axis) - np.min(a, axis=axis),
    np.diff: lambda a: a[..., 1:] - a[..., :-1],
    np.atleast_1d: lambda x: x if x.ndim else np.reshape(x, (1,)),
    np.atleast_2d: _at_least_2d,
    np.take: lambda a, indices, axis=None: (
        np.ravel(a)[indices] if axis is None else a[(slice(None),) * (axis % a.ndim) + (indices,)]
    ),
}
"""Written with primitives: each records the operations it is made of."""

LOOKS: tuple[Any, ...] = (
    np.shape,
    np.ndim,
    np.size,
    np.zeros_like,
    np.ones_like,
    np.empty_like,
    np.full_like,
    np.result_type,
    np.array_equal,
    np.allclose,
    np.isclose,
    np.array2string,
    np.array_repr,
    np.array_str,
    np.iscomplexobj,
    np.isrealobj,
)
"""Answered from the value or its shape, and not recorded."""
