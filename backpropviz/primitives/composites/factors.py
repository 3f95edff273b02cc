"""Functions that take matrices apart, result by result, and products of many matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array, is_traced
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.composites.algebra import _dot
from backpropviz.primitives.factors import (
    eigenvalues,
    eigenvectors,
    least_squares,
    left_vectors,
    q_factor,
    r_factor,
    right_vectors,
    singular_values,
    squares_left,
    values_alone,
)


def _of_its_kind(function: Callable[..., Any], *results: Any) -> Any:
    """The results in the named tuple that NumPy returns."""
    return type(function(np.eye(1)))(*results)


def _options(UPLO: str) -> dict[str, Any]:
    return {} if UPLO == "L" else {"UPLO": UPLO}


def _eigh(a: Any, UPLO: str = "L") -> Any:
    options = _options(UPLO)
    return _of_its_kind(np.linalg.eigh, eigenvalues(a, **options), eigenvectors(a, **options))


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        raise NotImplementedError("np.linalg.svd with hermitian=True; np.linalg.eigh takes such a matrix apart")
    if not compute_uv:
        return values_alone(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise NotImplementedError(
            "np.linalg.svd of a matrix that is not square, with full_matrices=True: nothing says which way its further "
            "vectors point; full_matrices=False leaves them out"
        )
    parts = [part(a, full_matrices=False) for part in (left_vectors, singular_values, right_vectors)]
    return _of_its_kind(np.linalg.svd, *parts)


def _qr(a: Any, mode: str = "reduced") -> Any:
    tall = a.shape[-2] >= a.shape[-1]
    if not tall or (mode not in ("reduced", "r") and not (mode == "complete" and a.shape[-2] == a.shape[-1])):
        raise NotImplementedError(
            f"np.linalg.qr of a matrix of {a.shape[-2]} rows and {a.shape[-1]} columns with mode={mode!r}; of one that "
            'has no more columns than rows, mode="reduced" can be traced'
        )
    return r_factor(a) if mode == "r" else _of_its_kind(np.linalg.qr, q_factor(a), r_factor(a))


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = array(a), array(b)
    options = {} if rcond is None else {"rcond": rcond}
    first, second = (x.node.value if is_traced(x) else x for x in (a, b))
    *_, rank, values = np.linalg.lstsq(first, second, rcond)
    left: Any = squares_left(a, b, **options) if rank == a.shape[1] < a.shape[0] else np.empty(0, first.dtype)
    # the fourth result is there to judge the second by; np.linalg.svd has a gradient
    return least_squares(a, b, **options), left, rank, values


def _multi_dot(arrays: Any) -> Any:
    """The product in the order that costs least, which NumPy finds in the same way (Cormen et al., chapter 15)."""
    factors = [array(x) for x in arrays]
    if len(factors) < 2:
        raise ValueError("Expecting at least two arrays.")
    row, column = factors[0].ndim == 1, factors[-1].ndim == 1
    if row:
        factors[0] = factors[0][None, :]
    if column:
        factors[-1] = factors[-1][:, None]
    product = _multiplied(factors, _splits([int(x.shape[0]) for x in factors] + [int(factors[-1].shape[1])]))
    if row and column:
        return product[0, 0]
    return np.ravel(product) if row or column else product


def _splits(p: list[int]) -> Any:
    """Where to split every stretch of a chain of matrices of sizes p[i] x p[i + 1]."""
    n = len(p) - 1
    if n == 3:  # NumPy breaks this tie the other way
        first, second = p[0] * p[2] * (p[1] + p[3]), p[1] * p[3] * (p[0] + p[2])
        return {(0, 2): 1 if first < second else 0, (0, 1): 0, (1, 2): 1}
    cost, split = {(i, i): 0 for i in range(n)}, {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            costs = [cost[i, k] + cost[k + 1, j] + p[i] * p[k + 1] * p[j + 1] for k in range(i, j)]
            split[i, j] = i + costs.index(min(costs))
            cost[i, j] = min(costs)
    return split


def _multiplied(factors: list[Any], split: Any) -> Any:
    def product(i: int, j: int) -> Any:
        if i == j:
            return factors[i]
        k = split[i, j]
        return _dot(product(i, k), product(k + 1, j))

    return product(0, len(factors) - 1)


COMPOSITES |= {
    np.linalg.eigh: _eigh,
    np.linalg.svd: _svd,
    np.linalg.svdvals: lambda x, /: values_alone(x),
    np.linalg.qr: _qr,
    np.linalg.lstsq: _lstsq,
    np.linalg.multi_dot: _multi_dot,
}
