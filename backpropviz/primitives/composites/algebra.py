"""NumPy functions of vectors and matrices, put together from gates."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.arrays import array
from backpropviz.primitives.composites import COMPOSITES
from backpropviz.primitives.composites.picking import diagonal
from backpropviz.primitives.linalg import log_abs_det, sign_of_det
from backpropviz.primitives.products import dot, dot_stacks
from backpropviz.primitives.vectors import cross


def _dot(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return dot_stacks(a, b) if np.ndim(a) > 1 and np.ndim(b) > 2 else dot(a, b)


def _inner(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    if np.ndim(a) < 2 and np.ndim(b) < 2:
        return _dot(a, b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=(-1, -1))


def _kron(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    ndim = max(a.ndim, b.ndim)
    left, right = (((1,) * (ndim - x.ndim) + tuple(x.shape)) for x in (a, b))
    apart = np.reshape(a, tuple(n for size in left for n in (size, 1))) * np.reshape(
        b, tuple(n for size in right for n in (1, size))
    )
    return np.reshape(apart, tuple(n * m for n, m in zip(left, right)))


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(array(a), axisa, -1), np.moveaxis(array(b), axisb, -1)
    product = cross(a, b)
    return product if axisc in (-1, product.ndim - 1) else np.moveaxis(product, -1, axisc)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    entries = diagonal(a, offset, axis1, axis2)
    return np.sum(entries, axis=-1, **({} if dtype is None else {"dtype": dtype}))


def _matrix_power(a: Any, n: int) -> Any:
    if n < 0:
        return _matrix_power(np.linalg.inv(a), -n)
    if n < 2:
        eye = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
        return np.copy(a) if n else eye
    if n == 3:
        return (a @ a) @ a
    square, result = a, None
    while n:  # by the digits of n in base two, as NumPy does
        n, digit = divmod(n, 2)
        if digit:
            result = square if result is None else result @ square
        square = square @ square if n else square
    return result


def _slogdet(a: Any) -> Any:
    plain = np.linalg.slogdet(np.eye(1))
    return type(plain)(sign_of_det(a), log_abs_det(a))


def _vector_norm(x: Any, axis: Any, keepdims: bool, ord: Any) -> Any:
    x = array(x)
    if not isinstance(axis, tuple | type(None)):
        return np.linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in axis)
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    rows = np.reshape(np.transpose(x, axes + kept), (-1, *(x.shape[a] for a in kept)))
    norm = np.linalg.norm(rows, ord=ord, axis=0)
    return np.reshape(norm, tuple(1 if a in axes else n for a, n in enumerate(x.shape))) if keepdims else norm


COMPOSITES |= {
    np.dot: _dot,
    np.inner: _inner,
    np.vdot: lambda a, b, /: _dot(np.ravel(array(a)), np.ravel(array(b))),
    np.kron: _kron,
    np.cross: _cross,
    np.trace: _trace,
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: _trace(x, offset, -2, -1, dtype),
    np.linalg.cross: lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis=axis),
    np.linalg.outer: lambda x1, x2, /: np.outer(x1, x2),
    np.linalg.matmul: lambda x1, x2, /: np.matmul(x1, x2),
    np.linalg.tensordot: lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes=axes),
    np.linalg.vecdot: lambda x1, x2, /, *, axis=-1: np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)),
    np.linalg.vector_norm: lambda x, /, *, axis=None, keepdims=False, ord=2: _vector_norm(x, axis, keepdims, ord),
    np.linalg.matrix_norm: lambda x, /, *, keepdims=False, ord="fro": np.linalg.norm(
        x, ord=ord, axis=(-2, -1), keepdims=keepdims
    ),
    np.linalg.matrix_power: _matrix_power,
    np.linalg.slogdet: _slogdet,
}
