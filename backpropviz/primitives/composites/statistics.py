"""Means and spreads of many kinds, put together from gates: weighted, without nan, of rows with each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.composites.algebra import _dot
from backpropviz.primitives.composites.picking import diagonal
from backpropviz.primitives.reductions import count
from backpropviz.primitives.shapes import astype


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a = array(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        scale: Any = a.size / mean.size
        return (mean, np.broadcast_to(np.asarray(scale, mean.dtype), mean.shape)) if returned else mean
    weights = array(weights)
    if weights.ndim != a.ndim and axis is not None:
        # one weight per place along the axes
        axes = tuple(int(n) % a.ndim for n in (axis if isinstance(axis, tuple) else (axis,)))
        order = np.argsort(axes)
        turned = np.transpose(weights, tuple(int(n) for n in order)) if len(axes) > 1 else weights
        weights = np.reshape(turned, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
    weights = np.broadcast_to(weights, a.shape)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


def _without_nan(a: Any, fill: float) -> Any:
    a = array(a)
    return a if a.dtype.kind != "f" else np.where(np.isnan(a), fill, a)


def _ignoring(function: Any, fill: float) -> Callable[..., Any]:
    """A reduction that leaves nan out: it counts as `fill`."""
    return lambda a, axis=None, **options: function(_without_nan(a, fill), axis=axis, **options)


def _nanmean(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    a = array(a)
    if a.dtype.kind != "f":
        return np.mean(a, axis=axis, keepdims=keepdims)
    counted = np.sum(~np.isnan(a), axis=axis, keepdims=keepdims)
    return np.sum(_without_nan(a, 0.0), axis=axis, keepdims=keepdims) / as_precise(counted, a)


def as_precise(counted: Any, a: Any) -> Any:
    """`counted` in the precision of `a`."""
    return counted if counted.dtype == a.dtype else astype(counted, a.dtype)


def _nanvar(a: Any, axis: Any = None, ddof: Any = 0, *, keepdims: Any = False) -> Any:
    a = array(a)
    if a.dtype.kind != "f":
        return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)
    there = ~np.isnan(a)
    number = as_precise(np.sum(there, axis=axis, keepdims=True), a)
    mean = np.sum(_without_nan(a, 0.0), axis=axis, keepdims=True) / number
    away = np.where(there, np.subtract(_without_nan(a, 0.0), mean), 0.0)
    freedom = as_precise(np.sum(there, axis=axis, keepdims=keepdims), a) - ddof
    return np.sum(np.multiply(away, away), axis=axis, keepdims=keepdims) / freedom


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None) -> Any:
    rows = _as_rows(m, rowvar)
    if y is not None:
        rows = np.concatenate([rows, _as_rows(y, rowvar)], axis=0)
    free = rows.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    away = rows - np.mean(rows, axis=1)[:, None]
    return np.squeeze(_dot(away, away.T) * (1 / free))


def _as_rows(m: Any, rowvar: bool) -> Any:
    x = array(m)
    x = x if x.dtype == float else astype(x, float)
    x = x if x.ndim >= 2 else np.reshape(x, (1, -1))
    return x if rowvar or x.shape[0] == 1 else x.T


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = _cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    spread = np.sqrt(diagonal(c))
    return np.clip(c / spread[:, None] / spread[None, :], -1, 1)


def _about_a_mean(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False, *, mean: Any, **given: Any) -> Any:
    """np.var of entries whose mean is at hand: it may be any array that has their axes."""
    free = given.pop("correction", ddof)
    if given:
        raise NotImplementedError(f"np.var with mean= and {', '.join(given)}=; write it with np.sum")
    a = array(a)
    away = a - mean
    total = np.sum(np.multiply(away, away), axis=axis, keepdims=keepdims)
    return total / (count(a, axis) - free)


ABOUT_A_MEAN: dict[Any, Callable[..., Any]] = {
    np.var: _about_a_mean,
    np.std: lambda a, *args, **options: np.sqrt(_about_a_mean(a, *args, **options)),
}
"""What np.var and np.std are where a mean is given to them, which then gets a gradient of its own."""

COMPOSITES |= {
    np.average: _average,
    np.ptp: lambda a, axis=None, *, keepdims=False: (
        np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
    ),
    np.nansum: _ignoring(np.sum, 0.0),
    np.nanprod: _ignoring(np.prod, 1.0),
    np.nancumsum: _ignoring(np.cumsum, 0.0),
    np.nancumprod: _ignoring(np.cumprod, 1.0),
    np.nanmax: _ignoring(np.max, -math.inf),
    np.nanmin: _ignoring(np.min, math.inf),
    np.nanmean: _nanmean,
    np.nanvar: _nanvar,
    np.nanstd: lambda a, axis=None, ddof=0, *, keepdims=False: np.sqrt(_nanvar(a, axis, ddof, keepdims=keepdims)),
    np.cov: _cov,
    np.corrcoef: _corrcoef,
}
