"""Writes what is no operation: numbers by the names they came from, and constant arrays."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backpropviz.code.binding import ATOM, BINDS, UNARY, Text, fit
from backpropviz.code.literals import digits, spelled
from backpropviz.code.measures import Measures
from backpropviz.engine.constants import Constructed, Part
from backpropviz.engine.graph import Node, is_range
from backpropviz.engine.named import (
    Call,
    Dim,
    Item,
    Name,
    Named,
    NamedTuple,
    Operation,
    Shape,
    Variable,
    plain,
)
from backpropviz.engine.trace import Trace


class ValuePrinter(Measures):
    """Prints plain values of one trace; `Printer` adds the operations.

    `temporaries`, `at_hand` and what is collected while printing are described there.
    """

    def __init__(self, trace: Trace, temporaries: dict[Node, str] | None = None, at_hand: set[Node] | None = None):
        self.trace = trace
        self.temporaries = {} if temporaries is None else temporaries
        self.at_hand = at_hand
        self.loops: set[Any] = set()  # the loops whose variables can be written, by their site
        self.mentioned: set[Node] = set()
        self.measured: set[Node] = set()
        self.sizes: set[str] = set()
        self.constants: dict[str, Any] = {}
        self.made: dict[str, Any] = {}
        self.frozen: set[str] = set()
        self.helpers: set[str] = set()
        self._values = {node.name for node in trace.nodes}
        self.kept: set[str] = set()
        self._reproducible = self._reproducible_sizes()

    def name(self, node: Node) -> str | None:
        """What `node` is called; None if it is written out where it is used."""
        return self.temporaries.get(node, node.name)

    def _operand(self, value: Any) -> Text:
        """A node, by its name or written out, or a plain value."""
        raise NotImplementedError

    def _call(self, name: str, args: Any, kwargs: dict[str, Any]) -> Text:
        raise NotImplementedError

    def _take(self, x: Any, index: Any) -> Text:
        raise NotImplementedError

    def _infix(self, symbol: str, left: Any, *rest: Any) -> Text:
        raise NotImplementedError

    def argument(self, value: Any) -> str:
        """A call's argument: a node by reference, anything else as a literal."""
        return self._operand(value)[0]

    def _literal(self, value: Any) -> Text:
        if isinstance(value, Named | NamedTuple):
            return self._number(value.expression, plain(value))
        if isinstance(value, Shape):
            return self._shape(value)
        if isinstance(value, tuple):
            tail = self._tail(value)
            if tail:
                return tail, ATOM
            inside = ", ".join(map(self.argument, value))
            return f"({inside}{',' if len(value) == 1 else ''})", ATOM
        if isinstance(value, list):
            return f"[{', '.join(map(self.argument, value))}]", ATOM
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, slice):
            return f"slice({value.start}, {value.stop}, {value.step})", ATOM
        if isinstance(value, np.integer):
            return self._frozen(value.item())  # np.prod(x.shape[1:]), which remembers no names
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, type | np.dtype):
            return f"np.{np.dtype(value).name}", ATOM
        if isinstance(value, float) and not np.isfinite(value):
            return ("np.nan", ATOM) if np.isnan(value) else ("np.inf", ATOM) if value > 0 else ("-np.inf", UNARY)
        if not isinstance(value, int | float):
            return repr(value), ATOM
        return self._spelled(value) or (digits(value), UNARY if value < 0 else ATOM)

    def _spelled(self, value: int | float) -> Text | None:
        """A number as the function's own file writes it: `np.log(2 * np.pi)`."""
        text, symbol = spelled(str(self.trace.file), abs(value)) if isinstance(value, float) else ("", "")
        if not text:
            return None
        self.helpers |= {"math"} & {*re.findall(r"\bmath\b", text)}
        own = text, BINDS[symbol] if symbol else ATOM
        return own if value > 0 else (f"-{fit(own, ATOM)}", UNARY)

    def _number(self, expression: Any, value: Any) -> Text:
        if isinstance(expression, Name):
            if expression.name in self.trace.settings:
                return expression.name, ATOM
            if expression.name in self._reproducible:
                self.sizes.add(expression.name)
                return expression.name, ATOM
            place = next((place for place, name in self.trace.dims.items() if name == expression.name), None)
            return self._frozen(value) if place is None else self._dim(Dim(*place), value)
        if isinstance(expression, Variable):
            inside = expression.round.loop.site in self.loops
            return (expression.name, ATOM) if inside else self._literal(expression.value)
        if isinstance(expression, Dim):
            return self._dim(expression, value)
        if isinstance(expression, Operation):
            return self._operation(expression, value)
        if isinstance(expression, Item):
            of, at = self._side(expression.of)[0], self._side(expression.index)[0]
            return (f"{of}[{at}]", ATOM) if of and at else self._frozen(value)
        if isinstance(expression, Call):
            sides = [self._side(arg)[0] for arg in expression.args]
            self.helpers |= {"math"} & {expression.function.partition(".")[0]}
            return (f"{expression.function}({', '.join(sides)})", ATOM) if all(sides) else self._frozen(value)
        return self._literal(expression)

    def _frozen(self, value: Any) -> Text:
        """A number that cannot be written by names: it may be right for these shapes only."""
        written = self._literal(value)
        self.frozen |= set() if value is None else {written[0]}
        return written

    def _operation(self, operation: Operation, value: Any) -> Text:
        if operation.symbol == "-" and isinstance(operation.left, Operation) and operation.left.symbol == "+":
            more, less = operation.left.right, operation.right
            if type(more) is int and type(less) is int and more >= less:  # `i + 1 - 1`, of a counter that was moved on
                inner = operation.left.left
                return self._number(inner if more == less else Operation("+", inner, more - less), value)
        counted = self._counted(operation)
        if counted is not None:
            return self._literal(counted)
        binds = BINDS[operation.symbol]
        left, left_binds = self._side(operation.left)
        right, right_binds = self._side(operation.right)
        if not left or not right:
            return self._frozen(value)
        if (operation.symbol, left) in (("*", "1"), ("+", "0")):
            return right, right_binds
        if operation.symbol == "-" and left == "0":
            return f"-{fit((right, right_binds), UNARY)}", UNARY
        left = fit((left, left_binds), binds + (operation.symbol == "**"))
        right = fit((right, right_binds), binds + (operation.symbol != "**"))
        space = "" if operation.symbol == "**" else " "
        return f"{left}{space}{operation.symbol}{space}{right}", binds

    def _counted(self, expression: Any) -> int | None:
        """What an expression comes to that is made of the variables of loops that are written out: `(k + 1)` is 2."""
        match expression:
            case Variable() if expression.round.loop.site not in self.loops and type(expression.value) is int:
                return expression.value
            case Operation("+" | "-" | "*" as symbol, left, right):
                one, other = self._counted(left), self._counted(right)
                if symbol == "*" and 0 in (one, other):
                    return 0
                if one is not None and other is not None:
                    return {"+": one + other, "-": one - other, "*": one * other}[symbol]
        return expression if type(expression) is int else None

    def _side(self, expression: Any) -> Text:
        """One side of an operation; an empty text where it cannot be written from names."""
        if isinstance(expression, int | float):
            return self._literal(expression)
        text, binds = self._number(expression, None)
        return ("", 0) if text == "None" else (text, binds)

    def _array(self, array: Any) -> Text:
        name, _ = self.trace.constants.get(id(array), (None, None))
        if isinstance(name, Constructed):
            if name.infix:
                return self._infix(name.infix, *name.args)
            return self._call(f"np.{name.name}", name.args, name.kwargs)
        if isinstance(name, Part):
            return self._take(name.whole, name.index)
        if array.ndim == 0:
            return self._literal(array[()])
        if name in self._reproducible:
            self.sizes.add(name)
            self.made[name] = array
            return name, ATOM
        if is_range(array):
            return f"np.arange({self._frozen(len(array))[0]})", ATOM
        base = array.base
        if isinstance(base, np.ndarray) and base.ndim > 1 and id(base) in self.trace.constants:
            turned = base.swapaxes(-1, -2)
            if (array.shape, array.strides) == (turned.shape, turned.strides):
                return f"{self._array(base)[0]}{'.T' if base.ndim == 2 else '.swapaxes(-1, -2)'}", ATOM
        known = next((key for key, value in self.constants.items() if value is array), None)
        if known is None:
            known, number = name or "constant_1", 1
            while known in self.constants or known in self._values:
                number += 1
                known = f"{name or 'constant'}_{number}"
            self.constants[known] = array
        return known, ATOM
