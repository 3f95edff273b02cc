"""Gates along a line: convolution, correlation, interpolation.

A convolution of lengths n and m is a part of the full one, of length n + m - 1. Its gradient is padded with zeros to
that length; correlated with one operand ("valid"), it is the gradient of the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, minus, traceable
from backpropviz.primitives.shapes import put, take


def _in_full(g: Any, n: int, m: int, mode: Any) -> Any:
    """The gradient of a part of a convolution as one of the whole: zeros elsewhere."""
    if mode in ("full", 2):
        return g
    before = (min(n, m) - 1) // (2 if mode in ("same", 1) else 1)
    return np.pad(g, (before, n + m - 1 - before - g.shape[0]))


def _convolved(position: int) -> Any:
    def vjp(g: Any, out: Any, x: Any, y: Any, mode: Any = "full") -> Any:
        full = _in_full(g, np.size(x), np.size(y), mode)
        return np.reshape(np.correlate(full, np.ravel((y, x)[position]), mode="valid"), np.shape((x, y)[position]))

    return vjp


gate(
    np.convolve,
    "convolve(x, y)",
    "A convolution's gradient is correlated with the other factor.",
    ("correlate with y", _convolved(0)),
    ("correlate with x", _convolved(1)),
)


def _correlated(position: int) -> Any:
    def vjp(g: Any, out: Any, x: Any, y: Any, mode: Any = "valid") -> Any:
        n, m = np.size(x), np.size(y)
        full = _in_full(g, n, m, mode) if n >= m else np.flip(_in_full(np.flip(g), n, m, mode))
        if position == 0:
            return np.convolve(full, y, mode="valid")
        return np.flip(np.correlate(full, x, mode="valid"))

    return vjp


gate(
    np.correlate,
    "correlate(x, y)",
    "A correlation's gradient is convolved with y for x, and correlated with x, turned round, for y.",
    ("convolve with y", _correlated(0)),
    ("correlate with x, reversed", _correlated(1)),
)


@traceable
def segment(x: Any, xp: Any) -> Array:
    """For every entry of `x` the index i with xp[i] <= x < xp[i + 1]; at the ends the first and the last one."""
    found: Array = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(len(xp) - 2, 0))
    return found


gate(
    segment,
    "segment of x",
    "It only answers which: no gradient comes back through it.",
    module="",
    helper=True,
    decision=segment,
)


def _between(x: Any, xp: Any, fp: Any) -> Any:
    """The places on both sides, how far along `x` is, the slope there, and whether `x` lies inside."""
    i = segment(x, xp)
    start, width = take(xp, i), take(xp, i + 1) - take(xp, i)
    return i, (x - start) / width, (take(fp, i + 1) - take(fp, i)) / width, (x >= xp[0]) & (x <= xp[-1])


def _interp_x(g: Any, out: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    _, _, slope, inside = _between(x, xp, fp)
    return g * np.where(inside, slope, 0.0)


def _interp_ends(g: Any, i: Any, far: Any, shape: Any) -> Any:
    return put(g * (1 - far), i, shape) + put(g * far, i + 1, shape)


def _interp_xp(g: Any, out: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    i, far, slope, inside = _between(x, xp, fp)
    return _interp_ends(g * np.where(inside, slope, 0.0), i, far, xp.shape)


def _interp_fp(g: Any, out: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    i, far, _, _ = _between(x, xp, fp)
    low, high = x < xp[0], x > xp[-1]
    # outside, the value at the end holds, unless left= or right= says otherwise
    stays = np.where(low, float(left is None), np.where(high, float(right is None), 1.0))
    far = np.clip(far, 0.0, 1.0)
    return _interp_ends(g * stays, i, far, fp.shape)


gate(
    np.interp,
    "interp(x)",
    "A piecewise line passes the gradient on by its slope, and to the two points it runs between by nearness.",
    ("slope", _interp_x),
    minus("-slope by nearness", _interp_xp),
    ("nearness", _interp_fp),
)
