"""Gates that put arrays together and repeat them: joins, stacks, tiles, repeats, padding."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, Gradient, gate, traceable
from backpropviz.primitives.shapes import put

_padded: Any = np.pad
_INDEXED = ("edge", "reflect", "symmetric", "wrap")


@traceable
def unpadded(g: Any, pad_width: Any, shape: Any, mode: str) -> Any:
    """The border of `g` folded back onto an array of `shape`: the adjoint of np.pad where that copies entries.

    Every copy gives its gradient to what it was copied from.
    """
    widths = _widths(pad_width, len(shape))
    places = [_padded(np.arange(n), width, mode=mode) for n, width in zip(shape, widths)]
    return put.run(g, np.ix_(*places), shape)


gate(
    unpadded,
    "border of x folded back",
    "A border that was folded back is laid around again.",
    ("1 for every copy", lambda g, out, x, pad_width, shape, mode: np.pad(g, pad_width, mode=mode)),
    module="",
    helper=True,
)


def _crop(g: Any, out: Any, x: Any, pad_width: Any, mode: str = "constant", **values: Any) -> Any:
    widths = _widths(pad_width, x.ndim)
    if mode in _INDEXED and values.get("reflect_type") != "odd":
        return unpadded(g, pad_width, x.shape, mode=mode)
    if mode not in ("constant", "empty"):
        raise NotImplementedError(
            f"the gradient of np.pad with mode={mode!r}; constant, {', '.join(_INDEXED)} have one"
        )
    inside = (slice(before, before + size) for (before, _), size in zip(widths, x.shape))
    return g[tuple(slice(None) if _is_nothing(width) else part for width, part in zip(widths, inside))]


def _widths(pad_width: Any, ndim: int) -> Any:
    """What np.pad was given, as a pair for every axis; sizes keep their names."""
    if isinstance(pad_width, dict):
        named = [pad_width[a] if a in pad_width else pad_width.get(a - ndim, 0) for a in range(ndim)]
        return [np.broadcast_to(_each(width), 2).tolist() for width in named]
    return np.broadcast_to(_each(pad_width), (ndim, 2)).tolist()


def _each(widths: Any) -> Any:
    """An array of the numbers as they are: `pad` is not 1, if it is called so."""
    return np.array(_whole(widths) if hasattr(widths, "record") else widths, dtype=object)


def _is_nothing(width: list[Any]) -> bool:
    """Whether an axis is not padded: what has a name may be 0 only here."""
    return all(type(n) is int and n == 0 for n in width)


def _whole(value: Any) -> Any:
    """Numbers that say where to: as a plain array of integers, whether traced, named or in lists."""
    return np.asarray(value.node.value if hasattr(value, "record") else value, dtype=int)


gate(
    np.pad,
    "pad(x)",
    "Padding is cropped off: the border was constant, so its gradient goes nowhere.",
    ("1 inside the border", _crop),
)


def _part(i: int) -> Gradient:
    def vjp(g: Any, out: Any, arrays: Any, axis: Any = 0, dtype: Any = None, casting: Any = None) -> Any:
        if axis is None:
            sizes = [array.size if hasattr(array, "size") else np.size(array) for array in arrays]
            before = functools.reduce(operator.add, sizes[:i], 0)
            return np.reshape(g[before : before + sizes[i]], arrays[i].shape)
        lengths = [array.shape[axis] if hasattr(array, "shape") else np.shape(array)[axis] for array in arrays]
        begin = functools.reduce(operator.add, lengths[:i]) if i else None
        end = functools.reduce(operator.add, lengths[: i + 1]) if i < len(arrays) - 1 else None
        lead = (slice(None),) * (axis % out.ndim)
        return g[(*lead, slice(begin, end)) if lead else slice(begin, end)]

    return Gradient("1 for its own part", vjp)


def _layer(i: int) -> Gradient:
    def vjp(g: Any, out: Any, arrays: Any, axis: Any = 0, dtype: Any = None, casting: Any = None) -> Any:
        lead = (slice(None),) * (axis % out.ndim)
        return g[(*lead, i) if lead else i]

    return Gradient("1 for its own layer", vjp)


gate(
    np.concatenate,
    "join(x, y, ...)",
    "A join is cut apart again: each input gets its own part of the gradient.",
    sequence=_part,
    into=np.concatenate,
)
gate(
    np.stack,
    "stack(x, y, ...)",
    "A stack is taken apart: each input gets its own layer of the gradient.",
    sequence=_layer,
    into=np.stack,
)


def _tile_back(g: Any, out: Any, x: Any, reps: Any) -> Any:
    whole = reps if isinstance(reps, tuple) else tuple(_whole(reps).ravel().tolist()) if np.ndim(reps) else (reps,)
    ndim = max(len(whole), x.ndim)
    whole = (1,) * (ndim - len(whole)) + whole
    shape = (1,) * (ndim - x.ndim) + tuple(x.shape)
    split = np.reshape(g, tuple(n for pair in zip(whole, shape) for n in pair))
    return np.reshape(np.sum(split, axis=tuple(range(0, 2 * ndim, 2))), x.shape)


def _repeat_back(g: Any, out: Any, x: Any, repeats: Any, axis: Any = None) -> Any:
    if not isinstance(repeats, int):
        source = np.repeat(np.arange(x.size if axis is None else x.shape[axis]), _whole(repeats))
        lead = () if axis is None else (slice(None),) * (axis % x.ndim)
        return np.reshape(put(g, (*lead, source), (x.size,) if axis is None else x.shape), x.shape)
    if axis is None:
        return np.reshape(np.sum(np.reshape(g, (x.size, repeats)), axis=1), x.shape)
    axis = axis % x.ndim
    return np.sum(np.reshape(g, (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])), axis=axis + 1)


gate(
    np.tile,
    "tile(x)",
    "Every tile's gradient comes home to the one it was copied from.",
    ("1 for every tile", _tile_back),
)
gate(
    np.repeat,
    "repeat(x)",
    "Every repeat's gradient comes home to the entry it was copied from.",
    ("1 for every repeat", _repeat_back),
)


def _on_diagonal(g: Any, out: Any, x: Any, k: Any = 0) -> Any:
    return np.diagonal(g, k) if k else np.diagonal(g)


@traceable
def put_diagonal(g: Any, shape: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Array:
    """Zeros of `shape` with `g` on a diagonal of the matrices in `axis1` and `axis2`. The adjoint of np.diagonal."""
    x = np.zeros(tuple(shape), g.dtype)
    rows = np.arange(g.shape[-1])
    np.moveaxis(x, (axis1, axis2), (-2, -1))[..., rows - min(offset, 0), rows + max(offset, 0)] = g
    return x


gate(
    put_diagonal,
    "x on a diagonal",
    "Only the diagonal's gradient comes back.",
    ("1 on the diagonal", lambda g, out, x, shape, **which: np.diagonal(g, **which)),
    module="",
    helper=True,
)
gate(
    np.diagonal,
    "diagonal of x",
    "What stands beside the diagonal gets no gradient.",
    ("1 on the diagonal, else 0", lambda g, out, x, **which: put_diagonal(g, x.shape, **which)),
)


@traceable
def diag(x: Any, k: Any = 0) -> Any:
    """A matrix with `x`, shape (n,), on its k-th diagonal."""
    return np.diag(x, k)


gate(
    diag,
    "diag(x)",
    "A diagonal matrix has zeros elsewhere: only the diagonal's gradient comes back.",
    ("1 on the diagonal", _on_diagonal),
)
