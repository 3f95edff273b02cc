"""The gate of norms: of vectors, and of matrices by sums of their sizes or by singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.factors import left_vectors, right_vectors
from backpropviz.primitives.record import gate
from backpropviz.primitives.reductions import axes_of, first_winner, spread


def _norm(g: Any, out: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    axes = axes_of(axis, x.ndim)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return spread(g / out, x, axis, keepdims) * x
    if ord in _WHICH_SINGULAR_VALUES and len(axes) == 2:
        return _by_singular_values(g, x, ord, axes, keepdims)
    if len(axes) == 2:
        return _by_sums(g, out, x, ord, axis, keepdims)
    if abs(ord) == np.inf:
        return spread(g, x, axis, keepdims) * (first_winner(np.abs(x), out, axis=axis, keepdims=keepdims) * np.sign(x))
    if ord == 0:
        return 0 * x  # it counts
    if ord == 1:
        return spread(g, x, axis, keepdims) * np.sign(x)
    return spread(g * out ** (1 - ord), x, axis, keepdims) * (np.abs(x) ** (ord - 1) * np.sign(x))


_WHICH_SINGULAR_VALUES = {"nuc": slice(None), 2: slice(0, 1), -2: slice(-1, None)}
"""The norms that are made of singular values: their sum, the largest, the smallest."""


def _by_singular_values(g: Any, x: Any, ord: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    last = (x.ndim - 2, x.ndim - 1)
    matrices = x if axes == last else np.moveaxis(x, axes, last)
    u, vh = left_vectors(matrices, full_matrices=False), right_vectors(matrices, full_matrices=False)
    which = _WHICH_SINGULAR_VALUES[ord]
    each = np.squeeze(g, axes) if keepdims else g
    found = each[..., None, None] * (u[..., :, which] @ vh[..., which, :])
    return found if axes == last else np.moveaxis(found, last, axes)


def _by_sums(g: Any, out: Any, x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    """The largest (smallest, with a negative `ord`) sum of sizes along rows or columns: the norms 1 and inf."""
    row, column = (0, 1) if axis is None else (int(a) % x.ndim for a in axis)
    sums = np.sum(np.abs(x), axis=row if abs(ord) == 1 else column, keepdims=True)
    winner = first_winner(sums, out, axis=(row, column), keepdims=keepdims)
    return spread(g, x, axis, keepdims) * (winner * np.sign(x))


gate(
    np.linalg.norm,
    "norm(x)",
    "A norm hands each entry its share x / norm.",
    ("x / norm(x)", _norm),
    module="np.linalg",
)
