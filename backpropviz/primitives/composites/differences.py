"""Functions of neighbours and of single entries, put together from gates: differences, slopes, running totals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.composites.statistics import as_precise
from backpropviz.primitives.kinks import fraction, whole


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = array(a)
    parts = []
    for extra in (prepend, append):
        extra = None if extra is None else array(extra)
        if extra is not None and extra.ndim == 0:
            extra = np.broadcast_to(extra, tuple(1 if i == axis % a.ndim else m for i, m in enumerate(a.shape)))
        parts.append(extra)
    joined = [part for part in (parts[0], a, parts[1]) if part is not None]
    if n and len(joined) > 1:
        a = np.concatenate(joined, axis=axis)
    lead = (slice(None),) * (axis % a.ndim)
    step = np.not_equal if a.dtype == np.bool else np.subtract
    for _ in range(n):
        a = step(a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))])
    return a


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    steps = _diff(np.ravel(array(ary)))
    ends = [None if end is None else as_precise(np.ravel(array(end)), steps) for end in (to_begin, to_end)]
    parts = [part for part in (ends[0], steps, ends[1]) if part is not None]
    return np.concatenate(parts) if len(parts) > 1 else steps


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = array(f)
    axes = range(f.ndim) if axis is None else [int(a) % f.ndim for a in np.atleast_1d(axis)]
    steps = [1.0] * len(axes) if not varargs else list(varargs) * (len(axes) if len(varargs) == 1 else 1)
    if any(np.ndim(step) for step in steps):
        raise NotImplementedError("np.gradient with uneven steps; divide np.diff by np.diff")
    found = [_slopes(f, step, a, edge_order) for a, step in zip(axes, steps)]
    return found[0] if len(found) == 1 else tuple(found)


def _slopes(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    if f.shape[axis] < edge_order + 1:
        raise ValueError("the shape is too small to calculate a gradient")

    def at(start: Any, stop: Any) -> Any:
        return f[(*[slice(None)] * axis, slice(start, stop))]

    inside = (at(2, None) - at(None, -2)) / (2.0 * step)
    if edge_order == 1:
        first, last = (at(1, 2) - at(0, 1)) / step, (at(-1, None) - at(-2, -1)) / step
    else:
        a, b, c = -1.5 / step, 2.0 / step, -0.5 / step
        first = a * at(0, 1) + b * at(1, 2) + c * at(2, 3)
        a, b, c = 0.5 / step, -2.0 / step, 1.5 / step
        last = a * at(-3, -2) + b * at(-2, -1) + c * at(-1, None)
    return np.concatenate([first, inside, last], axis=axis)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = array(y)
    lead = (slice(None),) * (axis % y.ndim)
    width = dx
    if x is not None:
        x = array(x)
        width = _diff(x) if x.ndim == 1 else _diff(x, axis=axis)
        if x.ndim == 1:
            width = np.reshape(width, tuple(-1 if a == axis % y.ndim else 1 for a in range(y.ndim)))
    return np.sum(width * (y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]) / 2.0, axis=axis)


def _sinc(x: Any) -> Any:
    x = math.pi * array(x)
    y = np.where(np.not_equal(x, 0), x, np.finfo(x.dtype).eps)
    return np.sin(y) / y


def _polyval(p: Any, x: Any) -> Any:
    x = array(x)
    value: Any = 0
    for coefficient in array(p):
        value = value * x + coefficient
    return value


def _cumulative(function: Any, first: float) -> Callable[..., Any]:
    def running(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        x = array(x)
        axis = axis if axis is not None else 0 if x.ndim == 1 else _needs_axis()
        total = function(x, axis=axis, **({} if dtype is None else {"dtype": dtype}))
        if not include_initial:
            return total
        shape = tuple(1 if a == axis % x.ndim else n for a, n in enumerate(x.shape))
        return np.concatenate([np.full(shape, first, total.dtype), total], axis=axis)

    return running


def _needs_axis() -> Any:
    raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")


def _along(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    lines = np.moveaxis(array(arr), axis, -1)
    lead = tuple(lines.shape[:-1])
    found = [func1d(lines[place], *args, **kwargs) for place in np.ndindex(lead)]
    inner = np.shape(found[0])
    joined = np.reshape(np.stack([array(part) for part in found]), (*lead, *inner))
    at = axis % (len(lead) + 1)
    own = tuple(range(len(lead), len(lead) + len(inner)))
    return np.moveaxis(joined, own, tuple(range(at, at + len(inner)))) if inner else joined


COMPOSITES |= {
    np.diff: _diff,
    np.ediff1d: _ediff1d,
    np.gradient: _gradient,
    np.trapezoid: _trapezoid,
    np.cumulative_sum: _cumulative(np.cumsum, 0.0),
    np.cumulative_prod: _cumulative(np.cumprod, 1.0),
    np.sinc: _sinc,
    np.polyval: _polyval,
    np.apply_along_axis: _along,
    np.divmod: lambda x, y: (np.floor_divide(x, y), np.remainder(x, y)),
    np.modf: lambda x: (fraction(x), whole(x)),
}
