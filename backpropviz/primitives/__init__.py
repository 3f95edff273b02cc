"""The page of calculus: every operation that can be traced, with its vector-Jacobian products."""

from backpropviz.primitives import (
    elementwise,
    fourier,
    joining,
    kinks,
    linalg,
    products,
    reductions,
    running,
    shapes,
    signals,
    sorting,
    stores,
    vectors,
    windows,
)
from backpropviz.primitives.record import PRIMITIVES, Gradient, Primitive, gate, traceable

__all__ = [
    "PRIMITIVES",
    "Gradient",
    "Primitive",
    "elementwise",
    "fourier",
    "gate",
    "joining",
    "kinks",
    "linalg",
    "products",
    "reductions",
    "running",
    "shapes",
    "signals",
    "sorting",
    "stores",
    "traceable",
    "vectors",
    "windows",
]
