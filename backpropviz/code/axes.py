"""Where the length of each axis of a result comes from, operation by operation: what `lengths.py` follows.

A rule takes a node and one of its axes, and returns the operand's axis that has its length, or the length itself as a
number that may have a name; None where neither is known.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from backpropviz.code.cuts import Place, cut
from backpropviz.engine.graph import Node
from backpropviz.engine.named import NamedInt, Shape
from backpropviz.primitives.products import contracted, subscripts
from backpropviz.primitives.reductions import axes_of

_ALIKE = {
    "cumsum", "cumprod", "flip", "roll", "triu", "tril", "sort", "partition", "argsort", "argpartition", "inv",
    "cholesky", "maximum.accumulate", "minimum.accumulate", "logaddexp.accumulate", "running_winner", "others",
}  # fmt: skip


def keeps_shape(node: Node) -> bool:
    return node.primitive is not None and (node.primitive.elementwise or node.primitive.name in _ALIKE)


def entrywise(node: Node, axis: int) -> Place | None:
    from_end = node.value.ndim - axis
    for parent in node.parents:
        at = parent.value.ndim - from_end
        if at >= 0 and parent.value.shape[at] == node.value.shape[axis]:
            return parent, at
    return None


def _product(node: Node, axis: int) -> Place | None:
    x, y = node.args
    if not isinstance(x, Node) or not isinstance(y, Node):
        return None
    if x.value.ndim == 1:  # a row: what is left are the columns of y, and any axes in front
        return (y, y.value.ndim - 1) if axis == node.value.ndim - 1 else (y, axis)
    if y.value.ndim == 1:
        return x, axis
    from_end = node.value.ndim - axis
    if from_end <= 2:
        return (y, y.value.ndim - 1) if from_end == 1 else (x, x.value.ndim - 2)
    return entrywise(node, axis)


def _reduction(node: Node, axis: int) -> Place | int:
    x: Node = node.args[0]
    gone = axes_of(node.kwargs.get("axis"), x.value.ndim)
    if node.kwargs.get("keepdims"):
        return 1 if axis in gone else (x, axis)
    return x, [a for a in range(x.value.ndim) if a not in gone][axis]


def _reshape(node: Node, axis: int) -> int | None:
    shape = node.args[1] if len(node.args) > 1 else node.kwargs["shape"]
    length: Any = shape[axis] if isinstance(shape, tuple) else None
    return length if isinstance(length, NamedInt) else None  # a plain number may be right for this shape only


def _transpose(node: Node, axis: int) -> Place:
    x: Node = node.args[0]
    axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("axes")
    return x, int(axes[axis]) % x.value.ndim if axes is not None else x.value.ndim - 1 - axis


def _moved(node: Node, axis: int) -> Place | int:
    """Axes in another order: an array all of whose lengths differ shows which came where."""
    x: Node = node.args[0]
    assert node.primitive is not None
    marked = np.broadcast_to(0.0, range(2, 2 + x.value.ndim))
    length: int = node.primitive.run(marked, *node.args[1:], **node.kwargs).shape[axis]
    return 1 if length == 1 else (x, length - 2)


def _stack(node: Node, axis: int) -> Place | int | None:
    given = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0)
    new = int(given) % node.value.ndim
    first = next((x for x in node.args[0] if isinstance(x, Node)), None)
    return len(node.args[0]) if axis == new else None if first is None else (first, axis - (axis > new))


def _join(node: Node, axis: int) -> Place | int | None:
    parts = node.args[0]
    given = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0)
    first = next((x for x in parts if isinstance(x, Node)), None)
    if given is not None and axis != int(given) % node.value.ndim:
        return None if first is None else (first, axis)
    lengths = [_size(x) if given is None else Shape.of(x)[axis] for x in parts if isinstance(x, Node)]
    total: int | None = reduce(operator.add, lengths) if len(lengths) == len(parts) else None
    return total


def _size(node: Node) -> int:
    size: int = math.prod(Shape.of(node))
    return size


def _flat(node: Node, axis: int) -> Place | int:
    x: Node = node.args[0]
    if x.value.ndim == 1:
        return x, 0
    size: int = _size(x)
    return size


def _repeat(node: Node, axis: int) -> Place | int | None:
    x, times = node.args[0], node.args[1] if len(node.args) > 1 else node.kwargs["repeats"]
    given = node.kwargs.get("axis", node.args[2] if len(node.args) > 2 else None)
    if given is not None and axis != int(given) % x.value.ndim:
        return x, axis
    if not isinstance(times, int):
        return None
    length: int = (_size(x) if given is None else Shape.of(x)[axis]) * times
    return length


def _broadcast(node: Node, axis: int) -> Place | int | None:
    """An axis that was longer than 1 before keeps its length; others are as long as they were asked to be."""
    x, shape = node.args[0], node.args[1] if len(node.args) > 1 else node.kwargs["shape"]
    at = axis - (node.value.ndim - x.value.ndim)
    if at >= 0 and x.value.shape[at] == node.value.shape[axis] != 1:
        return x, at
    if isinstance(shape, Shape):
        return shape.node, axis
    length = shape[axis] if isinstance(shape, tuple) else None
    return length if isinstance(length, NamedInt) else None


def _dot(node: Node, axis: int) -> Place | None:
    x, y = node.args
    if not isinstance(x, Node) or not isinstance(y, Node):
        return None
    own = x.value.ndim - 1
    left = [a for a in range(y.value.ndim) if a != max(y.value.ndim - 2, 0)]
    return (x, axis) if axis < own else (y, left[axis - own])


def _tensordot(node: Node, axis: int) -> Place | None:
    x, y = node.args[:2]
    if not isinstance(x, Node) or not isinstance(y, Node):
        return None
    axes = node.kwargs.get("axes", node.args[2] if len(node.args) > 2 else 2)
    gone = contracted(x.value, y.value, axes)
    places = [(v, a) for v, used in zip((x, y), gone) for a in range(v.value.ndim) if a not in used]
    return places[axis]


def _einsum(node: Node, axis: int) -> Place | None:
    equation, *operands = node.args
    shapes = [x.value if isinstance(x, Node) else x for x in operands]
    written, result = subscripts(equation, shapes)
    length = node.value.shape[axis]
    for letters, x in zip(written, operands):
        at = letters.find(result[axis])
        if at >= 0 and isinstance(x, Node) and x.value.shape[at] == length:  # else it was broadcast
            return x, at
    return None


def _squeeze(node: Node, axis: int) -> Place:
    x: Node = node.args[0]
    given = node.kwargs.get("axis")
    gone = axes_of(given, x.value.ndim) if given is not None else [a for a, n in enumerate(x.value.shape) if n == 1]
    return x, [a for a in range(x.value.ndim) if a not in gone][axis]


def _quantile(node: Node, axis: int) -> Place | int:
    """The axes of q, then those of x that are left."""
    lead = np.ndim(node.args[1] if len(node.args) > 1 else node.kwargs["q"])
    if axis < lead:
        return int(node.value.shape[axis])
    return _reduction(node, axis - lead)


def _picked_along(node: Node, axis: int) -> Place | None:
    x, indices = node.args[0], node.args[1] if len(node.args) > 1 else node.kwargs.get("indices")
    along = node.kwargs.get("axis", node.args[2] if len(node.args) > 2 else -1)
    if along is None:
        return None
    if axis != along % node.value.ndim and x.value.shape[axis] == node.value.shape[axis]:
        return x, axis
    return (indices, axis) if isinstance(indices, Node) else None


RULES: dict[str, Callable[[Node, int], Place | int | None]] = {
    "matmul": _product,
    "reshape": _reshape,
    "transpose": _transpose,
    **dict.fromkeys(("moveaxis", "rollaxis", "swapaxes", "expand_dims"), _moved),
    "take": cut,
    "stack": _stack,
    "concatenate": _join,
    **dict.fromkeys(("ravel", "flatten"), _flat),
    "repeat": _repeat,
    "broadcast_to": _broadcast,
    "squeeze": _squeeze,
    "dot": _dot,
    "tensordot": _tensordot,
    "einsum": _einsum,
    **dict.fromkeys(("quantile", "percentile"), _quantile),
    "take_along_axis": _picked_along,
    "im2col": lambda node, axis: (node.args[0], 0) if axis == 0 else None,
    **dict.fromkeys(
        (
            "sum",
            "mean",
            "max",
            "min",
            "prod",
            "var",
            "std",
            "median",
            "any",
            "all",
            "argmax",
            "argmin",
            "count_nonzero",
            "logaddexp.reduce",
        ),
        _reduction,
    ),
}
