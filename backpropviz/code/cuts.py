"""How long the axes of `x[index]` are: a rule of `axes.py` for every kind of index."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import NamedInt, Operation, Shape, Variable, expression_of, named, variables, worth
from backpropviz.primitives.shapes import TAKE

Place = tuple[Node, int]
"""An axis of a node."""


def cut(node: Node, axis: int) -> Place | int | None:
    """`x[rows, columns]` by lists of places is as long as the lists; a whole axis keeps its length."""
    x, index = node.args
    parts = index if isinstance(index, tuple) else (index,)
    if all(isinstance(part, Node | np.ndarray) and _is_list(part) for part in parts):
        if axis > 0:
            return (x, axis + len(parts) - 1) if isinstance(x, Node) else None
        return next(((part, 0) for part in parts if isinstance(part, Node)), None)
    found = _taken(node, axis) if isinstance(x, Node) else None
    if found is None:
        return None
    part, source = found
    if part is None:
        return 1
    if part == slice(None):
        return x, source
    whole = Shape.of(x)[source]
    return None if _is_tile(part, whole) else _between(part, node.value.shape[axis], whole)


def cut_by_loop(node: Node, axis: int) -> bool:
    """Whether an axis of `x[c : c + step]` may be shorter in the last round of a loop: only the value itself tells."""
    found = _taken(node, axis) if node.primitive is TAKE and isinstance(node.args[0], Node) else None
    return found is not None and isinstance(found[0], slice) and _is_tile(found[0], Shape.of(node.args[0])[found[1]])


def _taken(node: Node, axis: int) -> tuple[slice | None, int] | None:
    """The slice, or the None, that makes an axis of `x[index]`, and the axis of x that it stands for; None if a list
    or a mask comes before it."""
    x, index = node.args
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is Ellipsis for part in parts):
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        rest = x.value.ndim - sum(part is not None and part is not Ellipsis for part in parts)
        parts = (*parts[:at], *[slice(None)] * rest, *parts[at + 1 :])
    source = 0  # the axis of x that the parts seen so far lead up to
    left = axis  # axes of the result still to come
    for part in parts:
        if part is None or isinstance(part, slice):
            if left == 0:
                return part, source
            left -= 1
        elif not isinstance(part, int | np.integer):  # a list, a mask: it may make any number of axes
            return None
        source += part is not None
    return slice(None), source + left


def _between(part: slice, length: int, whole: NamedInt) -> int | None:
    """The length of `i * stride : i * stride + k`, as it is called: k; of `1:-1`, the axis' own less 2.

    Args:
        length: how long it is. whole: the length of the axis that it is cut from.
    """
    if part.step not in (None, 1):
        return _every(part, length, whole)
    if _from_the_ends(part):
        less = (part.start or 0) - (part.stop or 0)
        return whole - less if whole - less == length else None
    if type(part.start) in (int, type(None)) and type(part.stop) is int and 0 <= (part.start or 0) <= part.stop:
        return length if length == part.stop - (part.start or 0) else None
    start, stop = expression_of(part.start or 0), expression_of(part.stop)
    if part.stop is None and isinstance(part.start, NamedInt) and whole - part.start == length:  # half:
        return whole - part.start
    if not isinstance(part.stop, NamedInt):
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


def _is_tile(part: slice, whole: NamedInt) -> bool:
    """Whether `c : c + step` is one of the parts that `range(0, whole, step)` leaves an axis in: of another axis the
    last may be shorter. So is any part of a loop that has cut one short here."""
    counter, stop = expression_of(part.start), expression_of(part.stop)
    if _cuts_short(part, int(whole)):
        return True
    match stop:
        case Operation("+", before, more) if isinstance(counter, Variable) and before == counter and more != 1:
            starts = [each.variables.get(counter.name) for each in counter.round.loop.rounds]
            return starts == [*range(0, int(whole), max(1, int(part.stop - part.start)))]
    return False


def _cuts_short(part: slice, whole: int) -> bool:
    """Whether `2 * k : 2 * k + 2` reaches over the end of its axis in some round of a loop that it counts with."""
    start, stop = expression_of(part.start), expression_of(part.stop)
    for loop in {variable.round.loop for variable in variables(stop)}:
        for round_ in loop.rounds:
            end, begin = worth(stop, round_.variables), worth(start, round_.variables) or 0
            if end is not None and begin < whole < end:
                return True
    return False


def _every(part: slice, length: int, whole: NamedInt) -> int | None:
    """The length of `::2` or `1::2`, or of all turned round."""
    if type(part.step) is not int or part.stop is not None:
        return None
    start = part.start or 0
    if part.step == -1 and not start:
        return whole
    if part.step < 2 or type(start) is not int or not 0 <= start < part.step:
        return None
    more = part.step - 1 - start
    found: int = (whole + more if more else whole) // part.step
    return found if found == length else None


def _from_the_ends(part: slice) -> bool:
    """`1:`, `:-1`, `2:-2`: so many left out at the front, so many at the back."""
    front = part.start is None or (type(part.start) is int and part.start >= 0)
    return front and (part.stop is None or (type(part.stop) is int and part.stop < 0))


def _is_list(part: Any) -> bool:
    value = part.value if isinstance(part, Node) else part
    return value.ndim == 1 and value.dtype.kind in "iu"
