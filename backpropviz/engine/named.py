"""Numbers that remember how they were written.

A traced function computes with `N`, `1 / N` and `eps`; NumPy only sees 5, 0.2 and 1e-05. So that derived code can say
`dvar / N` again, sizes and settings are handed to the function as these subclasses of int and float. They behave like
plain numbers everywhere, also in NumPy's type promotion (`__array_ufunc__`), and carry an expression beside the value.
"""

from __future__ import annotations

import operator
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Number = int | float


class Name(typing.NamedTuple):
    """A number, or a tuple of settings, bound to a name in the source: `N`, `eps`."""

    name: str
    value: Any = None


class Variable(typing.NamedTuple):
    """A loop's variable in one round."""

    name: str
    round: Any
    value: Number


class Dim(typing.NamedTuple):
    """The length of one axis of a traced value: `x.shape[0]`."""

    node: Any
    axis: int


class Operation(typing.NamedTuple):
    """Two expressions or literals joined by an operator: `1 / N`."""

    symbol: str
    left: Any
    right: Any


class Call(typing.NamedTuple):
    """A function of numbers: `np.sqrt(D)`."""

    function: str
    args: tuple[Any, ...]


class Item(typing.NamedTuple):
    """An entry of a tuple of settings, or of what a call gave: `targets[t]`, `np.modf(p)[0]`."""

    of: Any
    index: Any


Expression = Name | Variable | Dim | Operation | Call | Item | Number


class Named:
    """Mixin for a number that carries the expression it came from."""

    expression: Expression
    extent = 0  # how many operations its expression has

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(value, "tape") for value in inputs):
            return NotImplemented  # a traced operand records the number with its name, a constant is written with it
        return getattr(ufunc, method)(*(plain(value) for value in inputs), **kwargs)

    def __reduce__(self) -> Any:
        return (type(plain(self)), (plain(self),))


class NamedInt(Named, int):
    """An int that remembers how it was written."""


class NamedFloat(Named, float):
    """A float that remembers how it was written."""


class NamedDouble(Named, np.float64):  # type: ignore[misc]
    """What NumPy's functions make of a number; unlike a Python float, it widens float32 arrays."""

    # NumPy looks it up by type, and does not know this one
    dtype = np.dtype(np.float64)  # type: ignore[assignment]


def _bare_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(np.float64(self), name)(*args, **kwargs)

    return method


for _method in dir(np.float64):  # NumPy makes an array of the number for them, and crashes on a type it does not know
    if not _method.startswith("_") and callable(getattr(np.float64, _method)) and _method != "dtype":
        setattr(NamedDouble, _method, _bare_method(_method))

_PLAIN: dict[type, Any] = {NamedInt: int, NamedFloat: float, NamedDouble: np.float64}
_KINDS: dict[type, Any] = {bare: kind for kind, bare in _PLAIN.items()} | {kind: kind for kind in _PLAIN}


def named(value: Any, expression: Expression) -> Any:
    """`value` as a number (or tuple of settings) that carries `expression`; other values come back unchanged."""
    if type(value) is tuple:
        settings = NamedTuple(value)
        settings.expression = expression
        return settings
    kind = _KINDS.get(type(value))
    if kind is None:
        return value
    number = kind(value)
    number.expression = expression
    return number


def plain(value: Any) -> Any:
    """`value` without its memory: the bare number (anything else unchanged)."""
    kind = _PLAIN.get(type(value))
    return value if kind is None else kind(value)


def expression_of(value: Any) -> Any:
    """The expression a number carries, or the number itself."""
    return value.expression if isinstance(value, Named) else value


def varies(expression: Any) -> bool:
    """Whether a loop's variable is part of an expression."""
    return next(variables(expression), None) is not None


def variables(expression: Any) -> Iterator[Variable]:
    """The loops' variables in an expression."""
    if isinstance(expression, Variable):
        yield expression
    elif isinstance(expression, Operation):
        yield from variables(expression.left)
        yield from variables(expression.right)
    elif isinstance(expression, Call):
        for arg in expression.args:
            yield from variables(arg)
    elif isinstance(expression, Item):
        yield from variables(expression.index)


def is_number(value: Any) -> bool:
    """Whether `value` is a plain or a named number (a truth value is none)."""
    return type(value) in _KINDS


def called(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """`function(*args)`; a number made from named ones carries the call."""
    if not all(map(is_number, args)) or not any(isinstance(arg, Named) for arg in args):
        return function(*args)
    result, call = function(*map(plain, args)), Call(name, tuple(map(expression_of, args)))
    if type(result) is tuple:  # np.modf(p)
        numbers = (part.item() if isinstance(part, np.integer) else part for part in result)
        return tuple(_made(number, Item(call, at), *args) for at, number in enumerate(numbers))
    return _made(result, call, *args)


def worth(expression: Any, variables: Mapping[str, Number]) -> Any:
    """What an expression comes to where loop variables have other values; None where that cannot be told."""
    match expression:
        case Name():
            return expression.value
        case Variable():
            return variables.get(expression.name, expression.value)
        case Dim():
            return expression.node.shape[expression.axis]
        case Operation():
            left, right = worth(expression.left, variables), worth(expression.right, variables)
            return None if left is None or right is None else _OPERATORS[expression.symbol](left, right)
        case Call() | Item():
            return None
    return expression


def _made(number: Any, expression: Expression, *of: Any) -> Any:
    """A number made `of` others, with its expression as long as somebody would read it."""
    extent = 1 + sum(getattr(other, "extent", 0) for other in of)
    result = named(number, expression) if extent <= _LONGEST else number
    if isinstance(result, Named):
        result.extent = extent
    return result


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_LONGEST = 200
"""How many operations an expression has at most: nobody would read `rate = rate * 0.99`, 3,000 times over."""
_CHANGES_NO_INT = {("+", 0), ("-", 0), ("*", 1), ("//", 1)}


def _remembering(symbol: str, compute: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not is_number(other):
            return NotImplemented
        if not swapped and type(self) is NamedInt and type(other) is int and (symbol, other) in _CHANGES_NO_INT:
            return self
        left, right = (other, self) if swapped else (self, other)
        number = compute(plain(left), plain(right))
        return _made(number, Operation(symbol, expression_of(left), expression_of(right)), self, other)

    return method


def _negated(self: Any) -> Any:
    return _made(-plain(self), Operation("-", 0, expression_of(self)), self)


for _class in _PLAIN:
    setattr(_class, "__neg__", _negated)  # noqa: B010
for _symbol, _compute in _OPERATORS.items():
    for _class in _PLAIN:
        setattr(_class, f"__{_compute.__name__}__", _remembering(_symbol, _compute, swapped=False))
        setattr(_class, f"__r{_compute.__name__}__", _remembering(_symbol, _compute, swapped=True))


class Shape(tuple[Any, ...]):
    """A traced value's shape: a tuple that knows whose shape it is, and hands out named sizes."""

    node: Any

    @classmethod
    def of(cls, node: Any) -> Shape:
        shape = cls(node.shape)
        shape.node = node
        return shape

    def __iter__(self) -> Iterator[Any]:
        return (named(length, Dim(self.node, axis)) for axis, length in enumerate(self.node.shape))

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __add__(self, other: Any) -> Any:
        return tuple(self) + other

    def __radd__(self, other: Any) -> Any:
        return other + tuple(self)


class NamedTuple(tuple[Any, ...]):
    """A tuple of settings that remembers its name: `stride=(2, 1)`."""

    expression: Expression

    def __getitem__(self, index: Any) -> Any:
        value = super().__getitem__(index)
        return named(value, Item(self.expression, index.expression)) if isinstance(index, Named) else value
