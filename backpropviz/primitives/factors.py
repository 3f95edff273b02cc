"""Gates that take matrices apart: eigenvalues, singular values, QR, and what stands on them, least squares.

All work on stacks of real matrices. A function with several results is a gate for each of them; their gradients add up.
The rules are those of Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), of Townsend, "Differentiating the singular value decomposition" (2016), and, for the
pseudo-inverse, of Golub and Pereyra (1973). Vectors have a gradient where their values differ; where two are equal they
can be turned into each other, and a division by 0 shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.linalg import half_diagonal
from backpropviz.primitives.products import swap
from backpropviz.primitives.record import gate, traceable


def _part(function: Callable[..., Any], which: int, **fixed: Any) -> Any:
    """One result of a function that has several, which takes traced values."""

    def run(x: Any, **options: Any) -> Any:
        return np.ascontiguousarray(function(x, **fixed, **options)[which])

    run.__name__ = function.__name__
    return traceable(run)


@traceable
def one_over_gaps(x: Any) -> Any:
    """1 / (x[j] - x[i]) at [i, j], and 0 on the diagonal: shape (..., n) to (..., n, n)."""
    itself = np.eye(x.shape[-1], dtype=x.dtype)
    return (1 - itself) / (x[..., None, :] - x[..., :, None] + itself)


def _gaps(g: Any, out: Any, x: Any) -> Any:
    moved = g * out**2
    return np.sum(moved, axis=-1) - np.sum(moved, axis=-2)


gate(
    one_over_gaps,
    "1 / (x[j] - x[i])",
    "One over a gap changes with both ends: minus its square for the one, its square for the other.",
    ("out**2, to and fro", _gaps),
    module="",
    helper=True,
)


def _one_triangle(g: Any, lower: bool) -> Any:
    """Only one triangle of a symmetric matrix is read: its entries stand for both."""
    read = half_diagonal(g + swap(g))
    return read if lower else swap(read)


eigenvalues: Any = _part(np.linalg.eigh, 0)
eigenvectors: Any = _part(np.linalg.eigh, 1)


def _eigenvalues(g: Any, out: Any, x: Any, UPLO: Any = "L") -> Any:
    vectors = eigenvectors(x, UPLO=UPLO)
    return _one_triangle((vectors * g[..., None, :]) @ swap(vectors), UPLO.upper() == "L")


def _eigenvectors(g: Any, out: Any, x: Any, UPLO: Any = "L") -> Any:
    turned = one_over_gaps(eigenvalues(x, UPLO=UPLO)) * (swap(out) @ g)
    return _one_triangle(out @ turned @ swap(out), UPLO.upper() == "L")


gate(
    eigenvalues,
    "eigenvalues of x",
    "An eigenvalue hands every entry of the matrix what its vector has there: v times v.T.",
    ("v @ v.T", _eigenvalues),
    module="np.linalg",
    suffix=".eigenvalues",
)
gate(
    np.linalg.eigvalsh,
    "eigenvalues of x",
    "An eigenvalue hands every entry of the matrix what its vector has there: v times v.T.",
    ("v @ v.T", _eigenvalues),
    module="np.linalg",
)
gate(
    eigenvectors,
    "eigenvectors of x",
    "Eigenvectors turn towards each other: the gradient between two of them, over the gap of their eigenvalues.",
    ("V @ (V.T @ g / gaps) @ V.T", _eigenvectors),
    module="np.linalg",
    suffix=".eigenvectors",
)


left_vectors: Any = _part(np.linalg.svd, 0)
singular_values: Any = _part(np.linalg.svd, 1)
right_vectors: Any = _part(np.linalg.svd, 2)


def _skew(out: Any, g: Any, s: Any) -> Any:
    """How singular vectors turn towards each other, over the gaps of the squared singular values."""
    inner = swap(out) @ g
    return one_over_gaps(s**2) * (inner - swap(inner))


def _left_vectors(g: Any, out: Any, x: Any, full_matrices: Any = True) -> Any:
    s, vh = singular_values(x, full_matrices=False), right_vectors(x, full_matrices=False)
    inside = out @ (_skew(out, g, s) * s[..., None, :])
    # where x is no taller than wide, nothing lies outside of all left vectors, and this is nothing
    outside = (g - out @ (swap(out) @ g)) / s[..., None, :]
    return (inside + outside) @ vh


def _right_vectors(g: Any, out: Any, x: Any, full_matrices: Any = True) -> Any:
    u, s = left_vectors(x, full_matrices=False), singular_values(x, full_matrices=False)
    inside = (s[..., :, None] * _skew(swap(out), swap(g), s)) @ out
    outside = (g - (g @ swap(out)) @ out) / s[..., :, None]
    return u @ (inside + outside)


def _singular_values(g: Any, out: Any, x: Any, full_matrices: Any = True) -> Any:
    return (left_vectors(x, full_matrices=False) * g[..., None, :]) @ right_vectors(x, full_matrices=False)


for _function, _letter, _what, _story, _local, _vjp in (
    (left_vectors, "U", "left singular vectors",
     "Left singular vectors turn towards each other, and out of their plane where x is taller than wide.",
     "U @ ((U.T @ g - g.T @ U) / gaps * s) @ Vh", _left_vectors),
    (singular_values, "S", "singular values",
     "A singular value hands every entry what its two vectors have there: u times v.T.", "u @ v.T", _singular_values),
    (right_vectors, "Vh", "right singular vectors",
     "Right singular vectors turn towards each other, and out of their plane where x is wider than tall.",
     "U @ (s * (Vh @ g.T - g @ Vh.T) / gaps) @ Vh", _right_vectors),
):  # fmt: skip
    gate(_function, f"{_what} of x", _story, (_local, _vjp), module="np.linalg", suffix=f".{_letter}")


@traceable
def values_alone(x: Any) -> Any:
    """The singular values where no vectors are asked for: LAPACK finds them in another way, to other last digits."""
    return np.linalg.svd(x, compute_uv=False)


gate(
    values_alone,
    "singular values of x",
    "A singular value hands every entry what its two vectors have there: u times v.T.",
    ("u @ v.T", _singular_values),
    name="svdvals",
    module="np.linalg",
)


q_factor: Any = _part(np.linalg.qr, 0)
r_factor: Any = _part(np.linalg.qr, 1)


def _behind(x: Any, g: Any) -> Any:
    """`g` times the inverse of the transposed triangle `x`, from the right."""
    return swap(np.linalg.solve(x, swap(g)))


def _mirrored(x: Any) -> Any:
    """The lower triangle, and its mirror image above the diagonal."""
    return np.tril(x) + swap(np.tril(x, -1))


def _q_factor(g: Any, out: Any, x: Any) -> Any:
    return _behind(r_factor(x), g - out @ _mirrored(swap(g) @ out))


def _r_factor(g: Any, out: Any, x: Any) -> Any:
    return _behind(out, q_factor(x) @ _mirrored(out @ swap(np.triu(g))))


gate(
    q_factor,
    "Q of x = Q @ R",
    "Q hands back its gradient, less what would make its columns less upright, behind the inverse of R.T.",
    ("(g - Q @ mirrored(g.T @ Q)) @ inverse of R.T", _q_factor),
    module="np.linalg",
    suffix=".Q",
)
gate(
    r_factor,
    "R of x = Q @ R",
    "R's gradient goes back through Q, mirrored on the diagonal, behind the inverse of R.T.",
    ("Q @ mirrored(R @ g.T) @ inverse of R.T", _r_factor),
    module="np.linalg",
    suffix=".R",
)


def _pinv(g: Any, out: Any, x: Any, rcond: Any = None, hermitian: Any = False, rtol: Any = None) -> Any:
    # what lies outside of the columns, and of the rows, of x: nothing where there are enough of them
    back = swap(g)
    columns = (back - x @ (out @ back)) @ (out @ swap(out))
    rows = swap(out) @ (out @ (back - (back @ out) @ x))
    return columns + rows - swap(out) @ g @ swap(out)


gate(
    np.linalg.pinv,
    "pseudo-inverse of x",
    "A pseudo-inverse does as an inverse does, and more where x is not square; x has to have full rank.",
    ("-out.T from both sides, and what lies outside of x", _pinv),
    module="np.linalg",
)


@traceable
def least_squares(x: Any, y: Any, rcond: Any = None) -> Any:
    """The first result of np.linalg.lstsq: `w` for which x @ w is nearest to y. (M, N), (M,) or (M, K) to (N,), (N, K).

    Of several it is the shortest.
    """
    return np.linalg.lstsq(x, y, rcond)[0]


@traceable
def squares_left(x: Any, y: Any, rcond: Any = None) -> Any:
    """The second result of np.linalg.lstsq: the squared distance of x @ w from y, of each column: (1,) or (K,)."""
    return np.linalg.lstsq(x, y, rcond)[1]


def _columns(y: Any) -> Any:
    return y[:, None] if y.ndim == 1 else y


def _least_squares_matrix(g: Any, out: Any, x: Any, y: Any, rcond: Any = None) -> Any:
    g, w, y, inverse = _columns(g), _columns(out), _columns(y), np.linalg.pinv(x)
    back = swap(inverse) @ g
    longer = swap(inverse) @ w @ swap(g - swap(x) @ back)  # of several solutions, how the shortest moves
    return (y - x @ w) @ swap(inverse @ back) - back @ swap(w) + longer


def _squares_left(g: Any, out: Any, x: Any, y: Any, rcond: Any = None) -> Any:
    """How y moves the squared distances; w is the best already, so that it need not be followed."""
    return 2 * g * (_columns(y) - x @ _columns(least_squares(x, y, rcond=rcond)))


def _squares_left_matrix(g: Any, out: Any, x: Any, y: Any, rcond: Any = None) -> Any:
    return -_squares_left(g, out, x, y, rcond) @ swap(_columns(least_squares(x, y, rcond=rcond)))


gate(
    least_squares,
    "w with x @ w nearest to y",
    "What is nearest moves with y through the pseudo-inverse; x has to have full rank.",
    ("left.T-weighted, less g @ w.T", _least_squares_matrix),
    ("pseudo-inverse of x.T, from the left", lambda g, out, x, y, rcond=None: swap(np.linalg.pinv(x)) @ g),
    name="lstsq",
    module="np.linalg",
    suffix="[0]",
)
gate(
    squares_left,
    "squared distance of x @ w from y",
    "The distance grows with what is left of y; w is the best there is, so that moving it changes nothing.",
    ("-2 * left @ w.T", _squares_left_matrix),
    ("2 * left", lambda g, out, x, y, rcond=None: np.reshape(_squares_left(g, out, x, y, rcond), y.shape)),
    name="lstsq",
    module="np.linalg",
    suffix="[1]",
)
