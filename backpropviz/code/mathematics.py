"""Writes nodes as mathematics, in any notation: what `printing.py` does for code.

A value that has a name is referred to by it; one without is written out where it is used. What only places entries (a
broadcast, an axis of length one) is not written at all.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.code.lengths import origins
from backpropviz.code.notation import ATOM, BIG, MATRIX, NEGATION, PRODUCT, SUM, TIGHT, Notation, Text, fit
from backpropviz.engine.constants import Constructed, Part
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Name, Named, NamedTuple, Operation, Variable, plain
from backpropviz.primitives.reductions import axes_of

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace

_LETTERS = "ijklmnpq"
_TOLD = ("q", "where", "initial", "ddof")  # options that change what is computed, not only where it stands
_UNCHANGED = {"broadcast_to", "identity", "copy", "astype", "stop_gradient", "expand_dims", "squeeze", "positive"}


class Writer:
    """Writes the nodes of one trace in a notation."""

    def __init__(self, trace: Trace, temporaries: dict[Node, str], notation: Notation):
        self.trace = trace
        self.temporaries = temporaries
        self._of_temporaries = {*temporaries.values()}
        self.notation = notation
        self.red = set(trace.red.nodes)
        self.symbols: dict[str, str] = {}
        for name in (*trace.inputs, *(step.name for step in trace.steps)):
            self.symbol(name)

    def defined(self, node: Node, name: str) -> str:
        """How the value that goes by `name` was computed, or the other name of what it is."""
        other_name = node.name is not None and node.name != name
        return (self.operand(node) if other_name else self.write(node))[0]

    # ---- names and numbers -------------------------------------------------------------------------------------------

    def symbol(self, name: str, red: bool = False) -> str:
        """A name's symbol; two names never share one."""
        if red and name.startswith("d") and name[1:] and name not in self._of_temporaries:
            symbol = self.notation.gradient(self.symbol(name[1:]))
        else:
            symbol = self.notation.symbol(name)
        if self.symbols.setdefault(symbol, name) != name:
            symbol = self.notation.verbatim(name)
        return symbol

    def operand(self, value: Any) -> Text:
        """A value by its name; written out if it has none."""
        if isinstance(value, Node):
            name = self.temporaries.get(value) or value.name
            return (self.symbol(name, value in self.red), ATOM) if name else self.write(value)
        if isinstance(value, Named | NamedTuple):
            return self.expression(value.expression, plain(value))
        if isinstance(value, np.ndarray) and value.ndim:
            return self.array(value)
        return self.number(value)

    def array(self, array: Any) -> Text:
        """A constant array, by its name in the source."""
        name, _ = self.trace.constants.get(id(array), (None, None))
        if isinstance(name, Constructed):
            return self.notation.call(name.name, [self.operand(arg)[0] for arg in name.args])
        if isinstance(name, Part):
            return self.take(name.whole, name.index)
        if name is None:
            return self.notation.verbatim("constant"), ATOM
        return self.symbol(name), ATOM

    def number(self, value: Any) -> Text:
        value = value.item() if isinstance(value, np.generic | np.ndarray) else value
        if isinstance(value, tuple):
            return self.notation.bracketed(", ".join(self.operand(item)[0] for item in value)), ATOM
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.notation.verbatim(str(value)), ATOM
        digits, _, exponent = repr(abs(value)).partition("e")
        text = self.notation.number(digits.removesuffix(".0"), str(int(exponent)) if exponent else "")
        return self.negated(text) if value < 0 else text

    def expression(self, expression: Any, value: Any) -> Text:
        """A size or a setting, as it was written."""
        if isinstance(expression, Name):
            return self.symbol(expression.name), ATOM
        if isinstance(expression, Variable):
            return self.number(expression.value)
        if isinstance(expression, Dim):
            return self.length(expression)
        if isinstance(expression, Operation):
            left, right = (self.expression(side, side) for side in (expression.left, expression.right))
            if expression.symbol == "*":
                return right if left[0] == "1" else self.scaled(left, right)
            return self.join(expression.symbol, left, right)
        if isinstance(expression, Call):
            name = expression.function.rpartition(".")[2]
            return self.notation.call(name, [self.expression(arg, arg)[0] for arg in expression.args])
        return self.number(value)

    def length(self, dim: Dim) -> Text:
        """The length of an axis: by its name, or as an axis of the value it came from, best an input."""
        places: list[tuple[Node, int]] = []
        for place in origins(dim.node, dim.axis):
            if isinstance(place, int):
                if isinstance(place, Named) and not isinstance(place.expression, Dim):
                    return self.expression(place.expression, place)
            elif place in self.trace.dims:
                return self.symbol(self.trace.dims[place]), ATOM
            else:
                places.append(place)
        places.sort(key=lambda place: place[0].primitive is not None)
        for node, axis in places:
            if node.name and node not in self.red:
                return self.notation.length(self.symbol(node.name), _letter(axis))
        return self.number(dim.node.shape[dim.axis])

    # ---- operations --------------------------------------------------------------------------------------------------

    def write(self, node: Node) -> Text:
        """How a node was computed."""
        primitive = node.primitive
        if primitive is None:
            return self.symbol(node.name or "input"), ATOM
        if primitive.name in _UNCHANGED or _only_stretches(node):
            return self.operand(node.args[0])
        form = _FORMS.get(primitive.name)
        if form is not None:
            return form(self, *node.args, **node.kwargs)
        if primitive.infix:
            return self.comparison(primitive.infix, *node.args)
        return self.call(primitive.name, node, primitive.elementwise)

    def call(self, name: str, node: Node, with_numbers: bool) -> Text:
        """Any other function of its array operands; what only says how to place entries is left to the code."""
        args = node.args[0] if node.args and isinstance(node.args[0], tuple | list) else node.args
        shown = [
            self.operand(arg)[0]
            for arg in args
            if isinstance(arg, Node | np.ndarray) or (with_numbers and isinstance(arg, numbers.Number))
        ]
        return self.notation.call(name.replace("_", " "), shown)

    def join(self, symbol: str, left: Text, right: Text) -> Text:
        """Two expressions with an operator between them."""
        if symbol == "/":
            return self.divided(left, right)
        if symbol == "**":
            return self.notation.power(left, right)
        binds = {"+": SUM, "-": SUM}.get(symbol, PRODUCT)
        sign = self.notation.infix.get(symbol, symbol)
        return f"{fit(left, binds, self.notation)} {sign} {fit(right, binds + 2, self.notation)}", (
            BIG if symbol in ("//", "%") else binds
        )

    def negated(self, x: Text) -> Text:
        # a big sum would reach over what follows, so its negative opens no product
        return f"-{fit(x, BIG, self.notation)}", SUM if x[1] == BIG else NEGATION

    def divided(self, top: Text, bottom: Text) -> Text:
        if top[1] == NEGATION:
            return self.negated(self.notation.fraction((top[0][1:], PRODUCT), bottom))
        return self.notation.fraction(top, bottom)

    def scaled(self, factor: Text, of: Text) -> Text:
        """A single number times anything."""
        if factor[1] == NEGATION:
            return self.negated(self.scaled((factor[0][1:], PRODUCT), of))
        return self.notation.scaled(factor, of)

    def product(self, left: Any, right: Any) -> Text:
        """Entry by entry, or a single number times anything."""
        first, second = self.operand(left), self.operand(right)
        if not np.ndim(_value(left)):
            return self.scaled(first, second)
        if not np.ndim(_value(right)):
            return self.scaled(second, first)
        if first[1] == NEGATION:
            return f"{first[0]}{self.notation.hadamard}{fit(second, MATRIX, self.notation)}", NEGATION
        return (
            f"{fit(first, PRODUCT, self.notation)}{self.notation.hadamard}{fit(second, MATRIX, self.notation)}",
            PRODUCT,
        )

    def matrix_product(self, left: Any, right: Any) -> Text:
        first, second = fit(self.operand(left), MATRIX, self.notation), fit(self.operand(right), TIGHT, self.notation)
        return f"{first}{self.notation.matrix}{second}", MATRIX

    def comparison(self, symbol: str, left: Any, right: Any) -> Text:
        first, second = (fit(self.operand(side), SUM, self.notation) for side in (left, right))
        return self.notation.iverson(f"{first} {self.notation.infix.get(symbol, symbol)} {second}")

    def axes(self, x: Any, axis: Any) -> list[str]:
        """Letters for the axes that are summed over."""
        return [_letter(at) for at in axes_of(plain(axis), np.ndim(_value(x)))]

    def big(
        self, sign: str, x: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None, **options: Any
    ) -> Text:
        if options:  # where, initial
            return self.over(sign, x, axis, **options)
        return self.notation.big(sign, self.axes(x, axis), self.operand(x))

    def over(
        self, name: str, x: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None, **options: Any
    ) -> Text:
        """A function of entries along axes: mean, var; with the options that change what it is."""
        told = [
            f"{self.notation.verbatim(key)} {self.operand(value)[0]}" for key, value in options.items() if key in _TOLD
        ]
        return self.notation.call(name, [self.operand(x)[0], *told], self.axes(x, axis))

    def transpose(self, x: Any, axes: Any = None) -> Text:
        if axes is None:
            return self.notation.transposed(self.operand(x))
        return self.notation.call("transpose", [self.operand(x)[0]], [_letter(int(axis)) for axis in axes])

    def swap(self, x: Any, axis1: Any, axis2: Any) -> Text:
        last = {np.ndim(_value(x)) - 1, np.ndim(_value(x)) - 2}
        axes = {int(axis) % np.ndim(_value(x)) for axis in (axis1, axis2)}
        if axes == last:
            return self.notation.transposed(self.operand(x))
        return self.notation.call("swap", [self.operand(x)[0]], [_letter(axis) for axis in sorted(axes)])

    def take(self, x: Any, index: Any) -> Text:
        return self.notation.indexed(self.operand(x), self.index(index))

    def put(self, g: Any, index: Any, shape: Any) -> Text:
        return self.notation.call("put", [self.operand(g)[0]], [f"[{self.index(index)}]"])

    def written(self, name: str, x: Any, value: Any, index: Any) -> Text:
        return self.notation.call(name, [self.operand(x)[0], self.operand(value)[0]], [f"[{self.index(index)}]"])

    def index(self, index: Any) -> str:
        if isinstance(index, tuple):
            return ", ".join(map(self.index, index))
        if isinstance(index, slice):
            ends = ["" if end is None else self.operand(end)[0] for end in (index.start, index.stop)]
            return ":".join(ends) + ("" if index.step is None else f":{self.operand(index.step)[0]}")
        return "..." if index is Ellipsis else "1" if index is None else self.operand(index)[0]

    def winner(self, x: Any, out: Any, **_: Any) -> Text:
        first, second = (fit(self.operand(side), SUM, self.notation) for side in (x, out))
        return self.notation.call("first", [f"{first} = {second}"])

    def where(self, condition: Any, yes: Any, no: Any) -> Text:
        return self.notation.cases(self.operand(condition)[0], self.operand(yes)[0], self.operand(no)[0])

    def einsum(self, equation: str, *operands: Any, **_: Any) -> Text:
        return self.notation.call("einsum", [self.operand(each)[0] for each in operands], [equation.replace(" ", "")])


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, Node) else operand


def _letter(axis: int) -> str:
    return _LETTERS[axis] if axis < len(_LETTERS) else str(axis)


def _only_stretches(node: Node) -> bool:
    """Whether a reshape or an index only adds or drops axes of length one."""
    name = node.primitive.name if node.primitive else ""
    if name == "take":
        index = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
        return all(part is None or (isinstance(part, slice) and part == slice(None)) for part in index)
    before, after = ([n for n in shape if n != 1] for shape in (node.parents[0].shape, node.shape))
    return name in ("reshape", "ravel") and before == after


def _function(name: str) -> Callable[..., Text]:
    return lambda writer, *args, **_: writer.notation.call(name, [writer.operand(arg)[0] for arg in args])


_FORMS: dict[str, Callable[..., Text]] = {
    "add": lambda w, x, y: w.join("+", w.operand(x), w.operand(y)),
    "subtract": lambda w, x, y: w.join("-", w.operand(x), w.operand(y)),
    "multiply": Writer.product,
    "divide": lambda w, x, y: w.divided(w.operand(x), w.operand(y)),
    "negative": lambda w, x: w.negated(w.operand(x)),
    "power": lambda w, x, y: w.notation.power(w.operand(x), w.operand(y)),
    "square": lambda w, x: w.notation.power(w.operand(x), ("2", ATOM)),
    "sqrt": lambda w, x: w.notation.root(w.operand(x)),
    "reciprocal": lambda w, x: w.divided(("1", ATOM), w.operand(x)),
    "absolute": lambda w, x: w.notation.between("|", w.operand(x)[0]),
    "matmul": Writer.matrix_product,
    "dot": Writer.matrix_product,
    "transpose": Writer.transpose,
    "swapaxes": Writer.swap,
    "sum": lambda w, x, **options: w.big("sum", x, **options),
    "prod": lambda w, x, **options: w.big("prod", x, **options),
    "max": lambda w, x, **options: w.big("max", x, **options),
    "min": lambda w, x, **options: w.big("min", x, **options),
    "mean": lambda w, x, **options: w.over("mean", x, **options),
    "var": lambda w, x, **options: w.over("var", x, **options),
    "std": lambda w, x, **options: w.over("std", x, **options),
    "median": lambda w, x, **options: w.over("median", x, **options),
    "quantile": lambda w, x, q, **options: w.over("quantile", x, q=q, **options),
    "percentile": lambda w, x, q, **options: w.over("percentile", x, q=q, **options),
    "inv": lambda w, x: w.notation.power(w.operand(x), ("-1", ATOM)),
    "conjugate": _function("conj"),
    "real": _function("Re"),
    "imag": _function("Im"),
    "maximum": _function("max"),
    "minimum": _function("min"),
    "take": Writer.take,
    "put": Writer.put,
    "stored": lambda writer, x, value, index: writer.written("stored", x, value, index),
    "added": lambda writer, x, value, index: writer.written("added", x, value, index),
    "last_writes": lambda writer, value, index, shape: writer.operand(value),
    "first_winner": Writer.winner,
    "where": Writer.where,
    "einsum": Writer.einsum,
}
