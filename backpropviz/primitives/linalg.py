"""Gates of linear algebra, on stacks of matrices: inverses, solutions, determinants, Cholesky factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.products import swap
from backpropviz.primitives.record import gate, traceable

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
