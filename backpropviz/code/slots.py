"""What arguments consist of, as far as two rounds of a loop can differ in it: nodes, numbers as written, constants."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backpropviz.engine import named
from backpropviz.engine.constants import Part
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Item, Name, Named, Operation, Shape, Variable, plain
from backpropviz.engine.trace import Trace


def slots(trace: Trace, value: Any) -> list[Any]:
    """What an argument consists of: nodes, and keys for numbers and constants as they were written."""
    if isinstance(value, Node):
        return [value]
    if type(value) in (tuple, list):
        found: list[Any] = [type(value).__name__, len(value)]
        for item in value:
            found += (item,) if type(item) is Node else slots(trace, item)
        return found
    if isinstance(value, slice):
        return ["slice", *slots(trace, (value.start, value.stop, value.step))]
    if isinstance(value, Shape):
        return ["shape", value.node]
    if isinstance(value, Named) and isinstance(value.expression, Name | int | float):
        return [Number(plain(value), value.expression)]
    if isinstance(value, Named | named.NamedTuple):
        return ["number", *_expression(trace, value.expression)]
    if isinstance(value, np.ndarray):
        return [Constant(value, array_key(trace, value))] if value.ndim else [value.item()]
    return [value if isinstance(value, str | int | float | bool | type(None)) else repr(value)]


def _expression(trace: Trace, expression: Any) -> list[Any]:
    if isinstance(expression, Variable):
        return [expression.name, expression.round.loop.site]
    if isinstance(expression, Dim):
        return [expression.node, expression.axis]
    if isinstance(expression, Operation):
        return [expression.symbol, *_expression(trace, expression.left), *_expression(trace, expression.right)]
    if isinstance(expression, Call):
        return [expression.function, *(slot for arg in expression.args for slot in _expression(trace, arg))]
    if isinstance(expression, Item):
        return ["item", *_expression(trace, expression.of), *_expression(trace, expression.index)]
    if isinstance(expression, Name):
        return [expression.name]
    return [expression]


class Number(NamedTuple):
    """A number among the slots, as it was written: by a name, or as it is."""

    number: Any
    written: Any


class Constant:
    """A constant array among the slots: equal to another that was made in the same way."""

    def __init__(self, array: Any, key: Any):
        self.array, self.key = array, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]


def array_key(trace: Trace, array: Any) -> Any:
    """What makes two constants the same: the array, or for parts of one, which part."""
    if not isinstance(array, np.ndarray):
        return repr(array)
    name, _ = trace.constants.get(id(array), (None, None))
    if isinstance(name, Part):
        return "part", id(name.whole), repr(name.index)
    return array.shape, array.dtype, array.tobytes()
