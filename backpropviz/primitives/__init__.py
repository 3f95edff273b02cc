"""The page of calculus: every operation that can be traced, with its vector-Jacobian products."""

from backpropviz.primitives import elementwise, products, reductions, shapes, stores
from backpropviz.primitives.record import PRIMITIVES, Gradient, Primitive, gate, traceable

__all__ = [
    "PRIMITIVES",
    "Gradient",
    "Primitive",
    "elementwise",
    "gate",
    "products",
    "reductions",
    "shapes",
    "stores",
    "traceable",
]
