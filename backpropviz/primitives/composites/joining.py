"""NumPy functions that join, cut and lay out arrays, put together from gates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array, is_traced
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.shapes import astype


def at_least(ndim: int) -> Callable[..., Any]:
    """np.atleast_1d, 2d or 3d: of one array, or a tuple of several."""

    def one(value: Any) -> Any:
        x = array(value)
        if x.ndim >= ndim:
            return x
        if ndim == 3:  # rows and columns come before the new axis
            return np.reshape(x, {0: (1, 1, 1), 1: (1, -1, 1), 2: (*x.shape, 1)}[x.ndim])
        return np.reshape(x, (1, -1)[2 - ndim :] if x.ndim else (1,) * ndim)

    return lambda *arys: one(arys[0]) if len(arys) == 1 else tuple(map(one, arys))


_at_least_1d, _at_least_2d, _at_least_3d = map(at_least, (1, 2, 3))


def _joined(arrays: Any, axis: int, dtype: Any, casting: Any) -> Any:
    options = {name: value for name, value in (("dtype", dtype), ("casting", casting)) if value is not None}
    return np.concatenate(arrays, axis=axis, **options)


def _rows(arrays: Any, ndim: int, axis: int) -> Any:
    """Arrays that all have one shape of `ndim` axes, along a new one; None for others."""
    shapes = {tuple(np.shape(x)) for x in arrays}
    return np.stack(list(arrays), axis=axis) if len(shapes) == 1 and len(*shapes) == ndim else None


def _vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    if dtype is None and casting is None and (stacked := _rows(tup, 1, 0)) is not None:
        return stacked
    return _joined([_at_least_2d(x) for x in tup], 0, dtype, casting)


def _hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    if dtype is None and casting is None and (stacked := _rows(tup, 0, 0)) is not None:
        return stacked
    rows = [_at_least_1d(x) for x in tup]
    return _joined(rows, 0 if rows[0].ndim == 1 else 1, dtype, casting)


def _dstack(tup: Any) -> Any:
    return np.concatenate([_at_least_3d(x) for x in tup], axis=2)


def _column_stack(tup: Any) -> Any:
    if (stacked := _rows(tup, 1, 1)) is not None:
        return stacked
    arrays = [array(x) for x in tup]
    return np.concatenate(
        [x if x.ndim >= 2 else np.reshape(x, (-1, 1) if x.size else (x.size, 1)) for x in arrays], axis=1
    )


def _block(arrays: Any) -> Any:
    def depth(part: Any) -> int:
        if isinstance(part, list):
            if not part:
                raise ValueError("List at arrays cannot be empty")
            depths = {depth(item) for item in part}
            if len(depths) > 1:
                raise ValueError("List depths are mismatched.")
            return 1 + depths.pop()
        return 0

    def widest(part: Any) -> int:
        return max(map(widest, part)) if isinstance(part, list) else np.ndim(part)

    levels = depth(arrays)
    ndim = max(levels, widest(arrays))

    def build(part: Any, level: int) -> Any:
        if level < levels:
            return np.concatenate([build(item, level + 1) for item in part], axis=level - levels)
        x = array(part)
        return x if x.ndim == ndim else np.reshape(x, (1,) * (ndim - x.ndim) + tuple(x.shape))

    made = build(arrays, 0)
    return made if levels else np.copy(made)


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.concatenate([np.ravel(array(arr)), np.ravel(array(values))])
    return np.concatenate([array(arr), array(values)], axis=axis)


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    # let NumPy decide where to cut, on the positions alone
    parts = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    lead = (slice(None),) * (axis % ary.ndim)
    if np.ndim(indices_or_sections) == 0:
        starts: list[Any] = np.cumsum([0, *(len(part) for part in parts)]).tolist()
        if len({len(part) for part in parts}) == 1:  # by the length of the axis, as it is called
            length = ary.shape[axis] // len(parts)
            starts = [None, *([length, *(n * length for n in range(2, len(parts)))] if len(parts) > 1 else []), None]
        bounds = list(itertools.pairwise(starts))
    else:
        whole = [int(i) for i in np.asarray(indices_or_sections).ravel()]
        bounds = list(zip([0, *whole], [*whole, ary.shape[axis]]))
    return [ary[(*lead, slice(start, stop))] for start, stop in bounds]


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"axis {axis} of length {ary.shape[axis]} does not divide into {indices_or_sections} equal parts"
        )
    return _array_split(ary, indices_or_sections, axis)


def _unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(array(x), axis, 0))


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


def common_shape(arrays: Iterable[Any]) -> tuple[Any, ...]:
    """The shape of arrays broadcast together; lengths know whose they are.

    Raises:
        ValueError: as np.broadcast_shapes does.
    """
    shapes = [x.shape if hasattr(x, "shape") else np.shape(x) for x in arrays]
    ndim = len(np.broadcast_shapes(*map(tuple, shapes)))
    lengths: list[Any] = [1] * ndim
    for shape in shapes:
        for axis, length in enumerate(shape, ndim - len(shape)):
            if lengths[axis] == 1 and (length != 1 or type(lengths[axis]) is int):
                lengths[axis] = length
    return tuple(lengths)


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    lines = [np.ravel(array(x)) for x in xi]
    order = [1, 0, *range(2, len(lines))] if indexing == "xy" and len(lines) > 1 else list(range(len(lines)))
    shapes = [tuple(-1 if order[a] == i else 1 for a in range(len(lines))) for i in range(len(lines))]
    grids = [np.reshape(line, shape) for line, shape in zip(lines, shapes)]
    if sparse:
        return tuple(grids)
    full = tuple(lines[i].shape[0] for i in order)
    return tuple(np.broadcast_to(grid, full) for grid in grids)


def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    arrays = [array(x) for x in args]
    shape = common_shape(arrays)
    return tuple(np.broadcast_to(x, shape) for x in arrays)


def _full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None
) -> Any:
    shape = np.shape(a) if shape is None else shape
    dtype = a.dtype if dtype is None else dtype
    if is_traced(fill_value):
        filling = fill_value if fill_value.dtype == dtype else astype(fill_value, dtype)
        return np.broadcast_to(filling, shape)
    return np.full(shape, fill_value, dtype)


COMPOSITES |= {
    np.vstack: _vstack,
    np.hstack: _hstack,
    np.dstack: _dstack,
    np.column_stack: _column_stack,
    np.block: _block,
    np.append: _append,
    np.split: _split,
    np.array_split: _array_split,
    np.vsplit: lambda ary, indices_or_sections: _split(ary, indices_or_sections, 0),
    np.hsplit: lambda ary, indices_or_sections: _split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0),
    np.dsplit: lambda ary, indices_or_sections: _split(ary, indices_or_sections, 2),
    np.unstack: _unstack,
    np.full_like: _full_like,
    np.rollaxis: _rollaxis,
    np.rot90: _rot90,
    np.flipud: lambda m: np.flip(m, 0),
    np.fliplr: lambda m: np.flip(m, 1),
    np.matrix_transpose: lambda x, /: np.swapaxes(x, -1, -2),
    np.linalg.matrix_transpose: lambda x, /: np.swapaxes(x, -1, -2),
    np.atleast_1d: _at_least_1d,
    np.atleast_2d: _at_least_2d,
    np.atleast_3d: _at_least_3d,
    np.meshgrid: _meshgrid,
    np.broadcast_arrays: _broadcast_arrays,
    np.astype: lambda x, dtype, /, *, copy=True, device=None: astype(x, dtype),
}
