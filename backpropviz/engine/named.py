"""Numbers that remember how they were written.

A traced function computes with `N`, `1 / N` and `eps`; NumPy only sees 5, 0.2 and 1e-05. So that derived code can say
`dvar / N` again, sizes and settings are handed to the function as these subclasses of int and float. They behave like
plain numbers everywhere, also in NumPy's type promotion (`__array_ufunc__`), and carry an expression beside the value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Number = int | float


@dataclass(frozen=True, slots=True)
class Name:
    """A number bound to a name in the source: `N`, `eps`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Dim:
    """The length of one axis of a traced value: `x.shape[0]`."""

    node: Any
    axis: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions or literals joined by an operator: `1 / N`."""

    symbol: str
    left: Any
    right: Any


Expression = Name | Dim | Operation | Number


class Named:
    """Mixin for a number that carries the expression it came from."""

    expression: Expression

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(value, "record") for value in inputs):
            return NotImplemented  # a traced operand records the number with its name
        return getattr(ufunc, method)(*(plain(value) for value in inputs), **kwargs)

    def __reduce__(self) -> Any:
        return (type(plain(self)), (plain(self),))


class NamedInt(Named, int):
    """An int that remembers how it was written."""


class NamedFloat(Named, float):
    """A float that remembers how it was written."""


def named(value: Any, expression: Expression) -> Any:
    """`value` as a number (or tuple of settings) that carries `expression`; other values come back unchanged."""
    if type(value) is tuple:
        settings = NamedTuple(value)
        settings.expression = expression
        return settings
    if isinstance(value, bool) or type(value) not in (int, float, NamedInt, NamedFloat):
        return value
    number = NamedInt(value) if isinstance(value, int) else NamedFloat(value)
    number.expression = expression
    return number


def plain(value: Any) -> Any:
    """`value` without its memory: the bare int or float (anything else unchanged)."""
    kind = type(value)
    return int(value) if kind is NamedInt else float(value) if kind is NamedFloat else value


def expression_of(value: Any) -> Any:
    """The expression a number carries, or the number itself."""
    return value.expression if isinstance(value, Named) else value


_CHANGES_NO_INT = {("+", 0), ("-", 0), ("*", 1), ("//", 1)}


def _remembering(symbol: str, compute: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if type(other) not in (int, float, NamedInt, NamedFloat):
            return NotImplemented
        if not swapped and type(self) is NamedInt and type(other) is int and (symbol, other) in _CHANGES_NO_INT:
            return self
        left, right = (other, self) if swapped else (self, other)
        return named(compute(plain(left), plain(right)), Operation(symbol, expression_of(left), expression_of(right)))

    return method


def _negated(self: Any) -> Any:
    return named(-plain(self), Operation("-", 0, expression_of(self)))


for _class in (NamedInt, NamedFloat):
    setattr(_class, "__neg__", _negated)  # noqa: B010
for _symbol, _name, _compute in (
    ("+", "add", operator.add),
    ("-", "sub", operator.sub),
    ("*", "mul", operator.mul),
    ("/", "truediv", operator.truediv),
    ("//", "floordiv", operator.floordiv),
    ("%", "mod", operator.mod),
    ("**", "pow", operator.pow),
):
    for _class in (NamedInt, NamedFloat):
        setattr(_class, f"__{_name}__", _remembering(_symbol, _compute, swapped=False))
        setattr(_class, f"__r{_name}__", _remembering(_symbol, _compute, swapped=True))


class Shape(tuple[Any, ...]):
    """A traced value's shape: a tuple that knows whose shape it is, and hands out named sizes."""

    node: Any

    @classmethod
    def of(cls, node: Any) -> Shape:
        shape = cls(node.value.shape)
        shape.node = node
        return shape

    def __iter__(self) -> Iterator[Any]:
        return (named(length, Dim(self.node, axis)) for axis, length in enumerate(self.node.value.shape))

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __add__(self, other: Any) -> Any:
        return tuple(self) + other

    def __radd__(self, other: Any) -> Any:
        return other + tuple(self)


class NamedTuple(tuple[Any, ...]):
    """A tuple of settings that remembers its name: `stride=(2, 1)`."""

    expression: Expression
