"""Gates of linear algebra: norms, inverses, solutions, determinants, factors. All but the norms work on stacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.products import swap
from backpropviz.primitives.record import gate, traceable
from backpropviz.primitives.reductions import axes_of, first_winner, spread


def _norm(g: Any, out: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    axes = axes_of(axis, x.ndim)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return spread(g / out, x, axis, keepdims) * x
    if len(axes) == 2:
        return _matrix_norm(g, out, x, ord, axis, keepdims)
    if abs(ord) == np.inf:
        return spread(g, x, axis, keepdims) * (first_winner(np.abs(x), out, axis=axis, keepdims=keepdims) * np.sign(x))
    if ord == 0:
        return 0 * x  # it counts
    if ord == 1:
        return spread(g, x, axis, keepdims) * np.sign(x)
    return spread(g * out ** (1 - ord), x, axis, keepdims) * (np.abs(x) ** (ord - 1) * np.sign(x))


def _matrix_norm(g: Any, out: Any, x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    """The largest (smallest, with a negative `ord`) sum of sizes along rows or columns: the norms 1 and inf.

    Others are made of singular values.
    """
    if ord in ("nuc", 2, -2):
        from backpropviz.primitives.factors import matrix_norm  # which stands on this module

        places = (0, 1) if axis is None else axis
        matrices = np.moveaxis(x, places, (-2, -1)) if x.ndim > 2 else x if places[0] % 2 == 0 else x.T
        each = np.squeeze(g, tuple(int(a) % x.ndim for a in places)) if keepdims else g
        found = matrix_norm(each, matrices, ord)
        return np.moveaxis(found, (-2, -1), places) if x.ndim > 2 else found if places[0] % 2 == 0 else found.T
    row, column = (0, 1) if axis is None else tuple(int(a) % x.ndim for a in axis)
    summed = row if abs(ord) == 1 else column
    sums = np.sum(np.abs(x), axis=summed, keepdims=True)
    winner = first_winner(sums, out, axis=(row, column), keepdims=keepdims)
    return spread(g, x, axis, keepdims) * (winner * np.sign(x))


gate(
    np.linalg.norm,
    "norm(x)",
    "A norm hands each entry its share x / norm.",
    ("x / norm(x)", _norm),
    module="np.linalg",
)
gate(
    np.linalg.inv,
    "inverse of x",
    "An inverse multiplies the gradient from both sides by its own transpose, and by minus one.",
    ("-out.T from both sides", lambda g, out, x: -(swap(out) @ g @ swap(out))),
    module="np.linalg",
)


def _solved(x: Any, g: Any) -> Any:
    return np.linalg.solve(swap(x), g)


def _solve_matrix(g: Any, out: Any, x: Any, y: Any) -> Any:
    back = _solved(x, g)
    if y.ndim == 1:
        return -(back[..., :, None] * out[..., None, :])
    return -(back @ swap(out))


gate(
    np.linalg.solve,
    "solution of x @ out = y",
    "The gradient is solved for with the transposed matrix: that is y's; times the solution, minus x's.",
    ("-dy @ out.T", _solve_matrix),
    ("inverse of x.T, from the left", lambda g, out, x, y: _solved(x, g)),
    module="np.linalg",
)
gate(
    np.linalg.det,
    "det(x)",
    "A determinant hands every entry its cofactor: the determinant times the inverse, transposed.",
    ("det(x) * inverse of x.T", lambda g, out, x: (g * out)[..., None, None] * swap(np.linalg.inv(x))),
    module="np.linalg",
)


@traceable
def log_abs_det(x: Any) -> Any:
    """log|det(x)|, the second result of np.linalg.slogdet. `x` of shape (..., n, n); returns shape (...)."""
    return np.linalg.slogdet(x)[1]


@traceable
def sign_of_det(x: Any) -> Any:
    """The sign of det(x), the first result of np.linalg.slogdet. `x` of shape (..., n, n); returns shape (...)."""
    return np.linalg.slogdet(x)[0]


gate(
    log_abs_det,
    "log|det(x)|",
    "The logarithm of a determinant hands back the inverse, transposed.",
    ("inverse of x.T", lambda g, out, x: g[..., None, None] * swap(np.linalg.inv(x))),
    name="slogdet",
    module="np.linalg",
    suffix=".logabsdet",
)
gate(
    sign_of_det,
    "sign of det(x)",
    "A sign is flat: no gradient comes back through it.",
    name="slogdet",
    module="np.linalg",
    suffix=".sign",
)


def half_diagonal(x: Any) -> Any:
    """The lower triangle, with half of the diagonal."""
    return (np.tril(x) + np.tril(x, -1)) / 2


def _cholesky(g: Any, out: Any, x: Any, upper: Any = False) -> Any:
    lower, gradient = (swap(out), swap(g)) if upper else (out, g)
    inner = half_diagonal(swap(lower) @ gradient)
    both = np.linalg.solve(swap(lower), swap(np.linalg.solve(swap(lower), swap(inner))))
    # only one triangle is read: its entries stand for both
    read = half_diagonal(both + swap(both))
    return swap(read) if upper else read


gate(
    np.linalg.cholesky,
    "cholesky(x)",
    "A Cholesky factor is taken back by its transpose from both sides; only the triangle it reads gets any.",
    ("L.T from both sides", _cholesky),
    module="np.linalg",
)
