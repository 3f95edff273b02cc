"""Where the length of an axis comes from: the way up from a value to the input or the number that set it.

Derived code says `dout.reshape(N, F, -1)` because these rules know that the first axis of `w_row @ x_col` is the batch.
They follow operations, never coincidences of numbers, so that the code also holds for inputs of other shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Dim, NamedInt, Operation, expression_of, named
from backpropviz.primitives.reductions import axes_of
from backpropviz.primitives.shapes import TAKE

Place = tuple[Node, int]
"""An axis of a node."""


def origins(node: Node, axis: int) -> Iterator[Place | int]:
    """The axis itself, then the axis it got its length from, and so on; a number (it may have a name) ends the way."""
    place: Place | int | None = (node, axis)
    while place is not None:
        yield place
        if isinstance(place, int):
            return
        node, axis = place
        place = _before(node, axis % max(node.value.ndim, 1))


def same_shape(node: Node) -> Iterator[Node]:
    """The node, then operands that its shape was taken over from, entry by entry."""
    found: Node | None = node
    while found is not None:
        yield found
        shape = found.shape
        found = next((p for p in found.parents if p.shape == shape), None) if _keeps_shape(found) else None


def mask_of(node: Node) -> Any:
    """The mask that picked the entries of a node, `x[x > 0]`, which are as many as are true in it; None without one."""
    if node.primitive is not TAKE:
        return None
    x, index = node.args
    value = index.value if isinstance(index, Node) else index
    masked = (
        isinstance(value, np.ndarray) and value.dtype == bool and isinstance(x, Node) and value.ndim == x.value.ndim
    )
    return index if masked else None


def _before(node: Node, axis: int) -> Place | int | None:
    if node.primitive is None:
        return None
    if _keeps_shape(node):
        return _entrywise(node, axis)
    rule = _RULES.get(node.primitive.name)
    return rule(node, axis) if rule is not None else None


_WHOLE = (slice(None), slice(None, None, -1))
_ALIKE = {"cumsum", "cumprod", "flip", "roll", "triu", "tril", "sort", "partition", "inv", "cholesky"}


def _keeps_shape(node: Node) -> bool:
    return node.primitive is not None and (node.primitive.elementwise or node.primitive.name in _ALIKE)


def _entrywise(node: Node, axis: int) -> Place | None:
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
    return _entrywise(node, axis)


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


def _take(node: Node, axis: int) -> Place | int | None:
    """`x[rows, columns]` by lists of places is as long as the lists; a whole axis keeps its length."""
    x, index = node.args
    parts = index if isinstance(index, tuple) else (index,)
    if all(isinstance(part, Node | np.ndarray) and _is_list(part) for part in parts):
        if axis > 0:
            return (x, axis + len(parts) - 1) if isinstance(x, Node) else None
        return next(((part, 0) for part in parts if isinstance(part, Node)), None)
    if not isinstance(x, Node):
        return None
    if any(part is Ellipsis for part in parts):
        at = next(at for at, part in enumerate(parts) if part is Ellipsis)
        others = [part for part in parts if part is not Ellipsis and part is not None]
        parts = (*parts[:at], *(slice(None),) * (x.value.ndim - len(others)), *parts[at + 1 :])
    source = 0  # the axis of x that the parts seen so far lead up to
    left = axis  # axes of the result still to come
    for part in parts:
        if isinstance(part, slice):
            if left == 0:
                return (x, source) if part in _WHOLE else _part(x, source, part, node.value.shape[axis])
            left -= 1
        elif part is None:
            if left == 0:
                return 1
            left -= 1
            continue
        elif not isinstance(part, int | np.integer):  # a list, a mask, an ellipsis: it may make any number of axes
            return None
        source += 1
    return x, source + left


def _part(x: Node, axis: int, part: slice, length: int) -> int | None:
    """The length of a part of an axis: `x[half:]` has `D - half` entries, `x[1::2]` half of them."""
    start, stop, step = part.start or 0, part.stop, part.step or 1
    whole = Dim(x, axis)
    written: Operation | None = None
    if stop is None and isinstance(start, int) and isinstance(step, int) and start >= 0 < step:
        if step == 1:
            written = Operation("-", whole, expression_of(start))
        elif not isinstance(start, NamedInt) and start < step:
            more = step - 1 - start
            written = Operation("//", Operation("+", whole, more) if more else whole, step)
    elif isinstance(stop, int) and stop < 0 == start and step == 1:  # x[:-1]
        written = Operation("-", whole, expression_of(-stop))
    if written is None or not length:
        return _between(part, length)
    part_of_it: int = named(length, written)
    return part_of_it


def _between(part: slice, length: int) -> int | None:
    """The length of `i * stride : i * stride + k`, as it is called: k."""
    start, stop = expression_of(part.start or 0), expression_of(part.stop)
    if part.step is not None or not isinstance(part.stop, NamedInt):
        return None
    if not start:
        return part.stop if part.stop == length else None
    match stop:
        case Operation("+", before, more) if before == start:
            found = more
        case Operation("*", Operation("+", before, 1), size) if start == Operation("*", before, size):
            found = size
        case _:
            return None
    return length if isinstance(found, int) else named(length, found)


def _is_list(part: Any) -> bool:
    value = part.value if isinstance(part, Node) else part
    return value.ndim == 1 and value.dtype.kind in "iu"


def _stack(node: Node, axis: int) -> Place | None:
    given = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0)
    new = int(given) % node.value.ndim
    first = next((x for x in node.args[0] if isinstance(x, Node)), None)
    return None if axis == new or first is None else (first, axis - (axis > new))


_RULES: dict[str, Callable[[Node, int], Place | int | None]] = {
    "matmul": _product,
    "reshape": _reshape,
    "transpose": _transpose,
    **dict.fromkeys(("moveaxis", "rollaxis", "swapaxes", "expand_dims"), _moved),
    "take": _take,
    "stack": _stack,
    "im2col": lambda node, axis: (node.args[0], 0) if axis == 0 else None,
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "var", "std", "median", "any", "all"), _reduction),
}
