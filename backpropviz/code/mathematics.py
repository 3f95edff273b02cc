"""Writes nodes as mathematics, in any notation: what `printing.py` does for code.

A value that has a name is referred to by it; one without is written out where it is used. What only places entries (a
broadcast, an axis of length one) is not written at all.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.code.notation import ATOM, MATRIX, NEGATION, PRODUCT, SUM, TIGHT, Notation, Text, fit
from backpropviz.code.symbols import Symbols, letter
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Named, NamedTuple, plain
from backpropviz.primitives.reductions import axes_of

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace

_TOLD = ("q", "where", "initial", "ddof")  # options that change what is computed, not only where it stands
_UNCHANGED = {"broadcast_to", "identity", "copy", "astype", "stop_gradient", "expand_dims", "squeeze", "positive"}


class Writer(Symbols):
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
        return [letter(at) for at in axes_of(plain(axis), np.ndim(_value(x)))]

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
        return self.notation.call("transpose", [self.operand(x)[0]], [letter(int(axis)) for axis in axes])

    def swap(self, x: Any, axis1: Any, axis2: Any) -> Text:
        last = {np.ndim(_value(x)) - 1, np.ndim(_value(x)) - 2}
        axes = {int(axis) % np.ndim(_value(x)) for axis in (axis1, axis2)}
        if axes == last:
            return self.notation.transposed(self.operand(x))
        return self.notation.call("swap", [self.operand(x)[0]], [letter(axis) for axis in sorted(axes)])

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
