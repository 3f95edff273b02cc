"""Gates that multiply vectors: outer and cross products, and the products of stacks of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import gate, traceable

gate(
    np.vecdot,
    "sum(x * y)",
    "An inner product hands each vector the gradient times the other.",
    ("y", lambda g, out, x, y: g[..., None] * y),
    ("x", lambda g, out, x, y: g[..., None] * x),
    elementwise=False,
)
gate(
    np.matvec,
    "matrix x times vector y",
    "Every entry of the result met one row of x and the whole of y.",
    ("y", lambda g, out, x, y: g[..., :, None] * y[..., None, :]),
    ("x.T, from the left", lambda g, out, x, y: np.vecmat(g, x)),
    elementwise=False,
)
gate(
    np.vecmat,
    "vector x times matrix y",
    "Every entry of the result met the whole of x and one column of y.",
    ("y.T, from the right", lambda g, out, x, y: np.matvec(y, g)),
    ("x", lambda g, out, x, y: x[..., :, None] * g[..., None, :]),
    elementwise=False,
)


@traceable
def cross(x: Any, y: Any) -> Any:
    """The cross product of vectors of three entries on the last axis."""
    return np.cross(x, y)


gate(
    cross,
    "x cross y",
    "A cross product hands x the cross product of y and the gradient, and y that of the gradient and x.",
    ("y cross g", lambda g, out, x, y: cross(y, g)),
    ("g cross x", lambda g, out, x, y: cross(g, x)),
)
