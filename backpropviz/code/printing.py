"""Writes nodes as NumPy code: the same text for tables, diagrams and derived functions."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.lengths import Place, origins, same_shape
from backpropviz.engine.constants import Constructed, Part
from backpropviz.engine.graph import Node, Step, is_range
from backpropviz.engine.named import (
    Call,
    Dim,
    Name,
    Named,
    NamedTuple,
    Operation,
    Shape,
    Variable,
    expression_of,
    plain,
)
from backpropviz.engine.trace import Trace
from backpropviz.primitives.record import PRIMITIVES, Primitive
from backpropviz.primitives.shapes import picks_once
from backpropviz.primitives.stores import ADDED

# How tightly an expression binds, as in Python's grammar.
_BINDS = {
    "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "|": 5, "^": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9,
    "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12,
}  # fmt: skip
_COMPARISON, _UNARY, _POWER, _ATOM = 4, 11, 12, 13
_BROADCAST = PRIMITIVES[np.broadcast_to]
_REPRODUCIBLE = {
    "np",
    "len",
    "int",
    "float",
    "min",
    "max",
    "range",
    "round",
    "sum",
    "im2col",
    "col2im",
    "output_shape",
    "math",
    "abs",
    "bool",
    "True",
    "False",
    "None",
}

_SEEDED = re.compile(r"\b(?:default_rng|RandomState)\((\w+)\)")
_POSITIONAL = {"shape", "axis1", "axis2", "source", "destination", "pad_width", "reps", "repeats", "shift"}

Text = tuple[str, int]
"""An expression and how tightly it binds."""


class Printer:
    """Prints the nodes of one trace.

    A node that has a name is referred to by it; one without is written out where it is used. `temporaries` gives names
    to further nodes. What printed code needs is collected while printing: `mentioned` nodes, `sizes` used, `constants`
    used, `helpers` (functions of ours by name, a user's as "module.name"), the constants `made` by a statement among
    the sizes, and the numbers that stay `frozen` because no names can write them.

    Args:
        at_hand: the nodes whose names can be used for their shape alone; None for all. A shape is written in terms of
            these, and of sizes, where it can be: nothing should be computed only to be measured.
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
        self._reproducible = self._reproducible_sizes()

    def code(self, node: Node) -> str:
        """How `node` was computed, on one line, in terms of named nodes."""
        return self._write(node)[0]

    def reference(self, node: Node) -> str:
        """`node` by its name, or written out if it has none."""
        return self._operand(node)[0]

    def assignment(self, step: Step) -> str:
        """The assignment of a step that sets a part of an array: `out[n, f] = np.sum(patch)`."""
        node = step.node
        value, index = node.args[1:]
        text, picked = self.argument(value), self._index(index)
        if node.primitive is not ADDED:
            return f"{step.written}[{picked}] = {text}"
        once = not isinstance(index, Node) and picks_once(index)
        return (
            f"{step.written}[{picked}] += {text}"
            if once
            else f"np.add.at({step.written}, {self._index_value(index)}, {text})"
        )

    def name(self, node: Node) -> str | None:
        """What `node` is called; None if it is written out where it is used."""
        return self.temporaries.get(node) or node.name

    def _usable(self, node: Node) -> bool:
        """Whether `node` has a name that can be used for its shape alone."""
        return self.name(node) is not None and (self.at_hand is None or node in self.at_hand)

    # ---- nodes -------------------------------------------------------------------------------------------------------

    def _operand(self, value: Any) -> Text:
        if isinstance(value, Node):
            name = self.name(value)
            if name:
                self.mentioned.add(value)
            return (name, _ATOM) if name else self._write(value)
        return self._literal(value)

    def _write(self, node: Node) -> Text:
        primitive = node.primitive
        if primitive is None:
            return node.name or "input", _ATOM
        unturned = self._turned_back(node)
        if unturned is not None:
            return self._operand(unturned)
        if primitive.helper:
            self.helpers.add(primitive.name)
        special = _SPECIAL.get(primitive.name)
        if special is not None and primitive.call in (primitive.name, f"np.{primitive.name}"):
            written: Text = special(self, *node.args, **node.kwargs)
            return written
        if primitive.infix:
            return self._infix(primitive.infix, *node.args)
        if "." not in primitive.call and not primitive.helper:  # a primitive of the user's own
            self.helpers.add(f"{Path(inspect.unwrap(primitive.run).__code__.co_filename).stem}.{primitive.call}")
        options = _without_defaults(primitive, node.kwargs) if primitive.helper else node.kwargs
        module, _, name = primitive.call.rpartition(".")
        if module.startswith("scipy"):  # derived code imports it by name
            self.helpers.add(primitive.call)
        text, binds = self._call(name if module.startswith("scipy") else primitive.call, node.args, options)
        return text + primitive.suffix, binds

    def _infix(self, symbol: str, left: Any, *rest: Any) -> Text:
        if not rest:
            return f"{symbol}{self._bound(left, _UNARY)}", _UNARY
        binds = _BINDS[symbol]
        tight = " " if binds != _POWER else ""
        if symbol in ("+", "-", "*", "/"):
            left, rest = self._unstretched(left, rest[0]), (self._unstretched(rest[0], left),)
        first = self._bound(left, binds + (symbol == "**" or binds == _COMPARISON))
        return f"{first}{tight}{symbol}{tight}{self._bound(rest[0], binds + (symbol != '**'))}", binds

    def _unstretched(self, value: Any, other: Any) -> Any:
        """`value` without a broadcast to the shape that `other` has anyway: NumPy does that by itself."""
        if not isinstance(value, Node) or value.primitive is not _BROADCAST or self.name(value):
            return value
        whole = isinstance(other, Node) and other.primitive is not _BROADCAST and other.shape == value.shape
        return value.args[0] if whole else value

    def _bound(self, value: Any, at_least: int) -> str:
        text, binds = self._operand(value)
        return text if binds >= at_least else f"({text})"

    def _call(self, name: str, args: Any, kwargs: dict[str, Any]) -> Text:
        parts = [self.argument(arg) for arg in args]
        parts += [
            self.argument(kwargs[key]) if key in _POSITIONAL else f"{key}={self.argument(kwargs[key])}"
            for key in kwargs
        ]
        return f"{name}({', '.join(parts)})", _ATOM

    def _reshape(self, x: Any, shape: Any, order: str = "C", copy: Any = None) -> Text:
        if order != "C":
            return f"{self._bound(x, _ATOM)}.reshape({self._new_shape(shape)}, order={order!r})", _ATOM
        while isinstance(x, Node) and not self.name(x) and x.primitive is not None and x.primitive.name == "reshape":
            x = x.args[0]  # only the last of several reshapes counts
        return f"{self._bound(x, _ATOM)}.reshape({self._new_shape(shape)})", _ATOM

    def _transpose(self, x: Any, axes: Any = None) -> Text:
        if axes is None:
            return f"{self._bound(x, _ATOM)}.T", _ATOM
        return f"{self._bound(x, _ATOM)}.transpose({', '.join(map(self.argument, axes))})", _ATOM

    def _turned_back(self, node: Node) -> Node | None:
        """What `x.T.T` and `x.swapaxes(-1, -2).swapaxes(-1, -2)` are: x; None where axes change places."""
        inner: Any = node
        while inner is node or (isinstance(inner, Node) and not self.name(inner)):
            if inner.primitive is None or inner.primitive.name not in ("transpose", "swapaxes", "moveaxis"):
                return None
            inner = inner.args[0]
            if (
                inner is not node.args[0]
                and isinstance(inner, Node)
                and _places(node, inner) == [*range(inner.value.ndim)]
            ):
                return inner
        return None

    def _take(self, x: Any, index: Any) -> Text:
        return f"{self._bound(x, _ATOM)}[{self._index(index)}]", _ATOM

    def _put(self, g: Any, index: Any, shape: Any) -> Text:
        return f"put({self.argument(g)}, {self._index_value(index)}, {self.argument(shape)})", _ATOM

    def _written(self, helper: str, x: Any, value: Any, index: Any) -> Text:
        return f"{helper}({self.argument(x)}, {self.argument(value)}, {self._index_value(index)})", _ATOM

    def _index(self, index: Any) -> str:
        if isinstance(index, tuple):
            return ", ".join(map(self._index, index)) + ("," if len(index) == 1 else "") if index else "()"
        if isinstance(index, slice):
            ends = ["" if end is None else self.argument(end) for end in (index.start, index.stop)]
            colon = " : " if any(" " in end for end in ends) else ":"
            return colon.join(ends).strip() + ("" if index.step is None else f":{self.argument(index.step)}")
        return "..." if index is Ellipsis else self.argument(index)

    def _index_value(self, index: Any) -> str:
        return f"np.s_[{self._index(index)}]"

    # ---- plain values ------------------------------------------------------------------------------------------------

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
                return tail, _ATOM
            inside = ", ".join(map(self.argument, value))
            return f"({inside}{',' if len(value) == 1 else ''})", _ATOM
        if isinstance(value, list):
            return f"[{', '.join(map(self.argument, value))}]", _ATOM
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, slice):
            return f"slice({value.start}, {value.stop}, {value.step})", _ATOM
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, type | np.dtype):
            return f"np.{np.dtype(value).name}", _ATOM
        if isinstance(value, float) and not np.isfinite(value):
            return ("np.nan", _ATOM) if np.isnan(value) else ("np.inf", _ATOM) if value > 0 else ("-np.inf", _UNARY)
        negative = isinstance(value, int | float) and not isinstance(value, bool) and value < 0
        return repr(value), _UNARY if negative else _ATOM

    def _number(self, expression: Any, value: Any) -> Text:
        if isinstance(expression, Name):
            if expression.name in self.trace.settings:
                return expression.name, _ATOM
            if expression.name in self._reproducible:
                self.sizes.add(expression.name)
                return expression.name, _ATOM
            place = next((place for place, name in self.trace.dims.items() if name == expression.name), None)
            return self._frozen(value) if place is None else self._dim(Dim(*place), value)
        if isinstance(expression, Variable):
            inside = expression.round.loop.site in self.loops
            return (expression.name, _ATOM) if inside else self._literal(expression.value)
        if isinstance(expression, Dim):
            return self._dim(expression, value)
        if isinstance(expression, Operation):
            return self._operation(expression, value)
        if isinstance(expression, Call):
            sides = [self._side(arg)[0] for arg in expression.args]
            self.helpers |= {"math"} & {expression.function.partition(".")[0]}
            return (f"{expression.function}({', '.join(sides)})", _ATOM) if all(sides) else self._frozen(value)
        return self._literal(expression)

    def _frozen(self, value: Any) -> Text:
        """A number that cannot be written by names: it may be right for these shapes only."""
        written = self._literal(value)
        self.frozen |= set() if value is None else {written[0]}
        return written

    def _operation(self, operation: Operation, value: Any) -> Text:
        binds = _BINDS[operation.symbol]
        left, left_binds = self._side(operation.left)
        right, right_binds = self._side(operation.right)
        if not left or not right:
            return self._frozen(value)
        if operation.symbol == "*" and left == "1":
            return right, right_binds
        if operation.symbol == "-" and left == "0":
            return f"-{right if right_binds >= _UNARY else f'({right})'}", _UNARY
        left = left if left_binds >= binds + (operation.symbol == "**") else f"({left})"
        right = right if right_binds >= binds + (operation.symbol != "**") else f"({right})"
        space = "" if operation.symbol == "**" else " "
        return f"{left}{space}{operation.symbol}{space}{right}", binds

    def _side(self, expression: Any) -> Text:
        """One side of an operation; an empty text where it cannot be written from names."""
        if isinstance(expression, int | float):
            return self._literal(expression)
        text, binds = self._number(expression, None)
        return ("", 0) if text == "None" else (text, binds)

    # ---- shapes ------------------------------------------------------------------------------------------------------

    def _length(self, node: Node, axis: int) -> Text | Place | None:
        """A length by its name, or as the first axis at hand that it came from; None if it has to be measured."""
        usable: list[Place] = []
        for origin in origins(node, axis):
            if isinstance(origin, int):
                text, binds = self._side(expression_of(origin))
                if text and (binds == _ATOM or not usable):
                    return text, binds
                break
            name = self.trace.dims.get(origin)
            if name in self._reproducible:
                self.sizes.add(str(name))
                return str(name), _ATOM
            usable += [origin] * self._usable(origin[0])
        return usable[-1] if usable else None

    def _dim(self, dim: Dim, value: Any) -> Text:
        length = self._length(dim.node, dim.axis)
        if length is None and not self.name(dim.node):
            return self._frozen(value)
        return self._measured(length or (dim.node, dim.axis))

    def _shape(self, shape: Shape) -> Text:
        lengths = self._lengths(shape.node, unknown=0)
        if not lengths:
            return self._measure(shape.node), _ATOM
        inside = ", ".join(self._measured(length)[0] for length in lengths)
        return self._slice(lengths) or f"({inside}{'' if len(lengths) > 1 else ','})", _ATOM

    def _new_shape(self, shape: Any) -> str:
        """The arguments of a reshape."""
        if not isinstance(shape, Shape):
            return ", ".join(map(self.argument, shape)) if isinstance(shape, tuple) and shape else self.argument(shape)
        some = shape.node.value.size > 0  # of nothing, NumPy cannot tell a length
        lengths = self._lengths(shape.node, unknown=int(some))
        if not lengths:
            return self._measure(shape.node)
        # one length may be left to NumPy: best one that is no input's and has no name
        computed = [at for at in lengths if at is None or (isinstance(at[0], Node) and at[0].primitive is not None)]
        left = computed[0] if len(computed) == 1 and some else None
        return ", ".join("-1" if at is left and computed and some else self._measured(at)[0] for at in lengths)

    def _lengths(self, node: Node, unknown: int) -> list[Any]:
        """Every axis of a node that is not at hand; none if more than `unknown` of them would have to be measured."""
        if any(map(self._usable, same_shape(node))):
            return []
        before = set(self.sizes)
        lengths = [self._length(node, axis) for axis in range(node.value.ndim)]
        if lengths.count(None) > unknown:
            self.sizes = before
            return []
        return lengths

    def _measure(self, node: Node) -> str:
        """`x.shape`, of the node itself or of one at hand that has the same shape."""
        node = next(filter(self._usable, same_shape(node)), node)
        if not self.name(node):
            return str(tuple(node.shape))
        self.measured.add(node)
        return f"{self.name(node)}.shape"

    def _measured(self, length: Text | Place) -> Text:
        node, axis = length
        return (f"{self._measure(node)}[{axis}]", _ATOM) if isinstance(node, Node) else (node, axis)

    def _tail(self, values: tuple[Any, ...]) -> str:
        """`w.shape[2:]` for lengths of w that stand in a row; empty for any other tuple."""
        dims = [value.expression for value in values if isinstance(value, Named) and isinstance(value.expression, Dim)]
        if len(values) < 2 or len(dims) != len(values):
            return ""
        return self._slice([self._length(dim.node, dim.axis) or (dim.node, dim.axis) for dim in dims])

    def _slice(self, lengths: list[Any]) -> str:
        node, first = lengths[0]
        last = first + len(lengths) if isinstance(node, Node) else 0
        if not last or lengths != [(node, axis) for axis in range(first, last)] or not self.name(node):
            return ""
        whole = first == 0 and last == node.value.ndim
        return self._measure(node) + ("" if whole else f"[{first or ''}:{last if last < node.value.ndim else ''}]")

    def _array(self, array: Any) -> Text:
        name, _ = self.trace.constants.get(id(array), (None, None))
        if isinstance(name, Constructed):
            return self._call(f"np.{name.name}", name.args, name.kwargs)
        if isinstance(name, Part):
            return self._take(name.whole, name.index)
        if array.ndim == 0:
            return self._literal(array[()])
        if name in self._reproducible:
            self.sizes.add(name)
            self.made[name] = array
            return name, _ATOM
        if is_range(array):
            return f"np.arange({len(array)})", _ATOM
        base = array.base
        if isinstance(base, np.ndarray) and base.ndim > 1 and id(base) in self.trace.constants:
            turned = base.swapaxes(-1, -2)
            if (array.shape, array.strides) == (turned.shape, turned.strides):
                return f"{self._array(base)[0]}{'.T' if base.ndim == 2 else '.swapaxes(-1, -2)'}", _ATOM
        known = next((key for key, value in self.constants.items() if value is array), None)
        if known is None:
            known, number = name or "constant_1", 1
            while known in self.constants or known in self._values:
                number += 1
                known = f"{name or 'constant'}_{number}"
            self.constants[known] = array
        return known, _ATOM

    def _reproducible_sizes(self) -> set[str]:
        """The size names whose statements can be repeated in derived code."""
        inputs = {name for name in self.trace.inputs if f"{name}_2" not in self._values}  # not assigned again
        known = _REPRODUCIBLE | inputs | set(self.trace.settings) | {"_"}
        sizes: set[str] = set()
        for statement in self.trace.sizes:
            if not self._repeatable(statement.statement):
                continue
            if set(statement.needs) <= known | sizes and not self._values & set(statement.names):
                sizes.update(statement.names)
        return sizes

    def _repeatable(self, statement: str) -> bool:
        """Whether a statement makes the same numbers again: it draws none, or draws them from a seed of its own."""
        seed = _SEEDED.search(statement)
        settings = self.trace.settings
        return "random" not in statement or (seed is not None and settings.get(seed[1], seed[1]) is not None)

    def size_statements(self) -> list[str]:
        """The statements that define the sizes used so far, with the ones those need, in order."""
        wanted = set(self.sizes)
        chosen = []
        for statement in reversed(self.trace.sizes):
            if wanted & set(statement.names):
                chosen.append(statement.statement)
                wanted |= set(statement.needs)
                self.helpers |= set(statement.needs) & {"im2col", "col2im", "output_shape", "math"}
        return chosen[::-1]


_SPECIAL: dict[str, Any] = {
    "reshape": Printer._reshape,
    "transpose": Printer._transpose,
    "take": Printer._take,
    "put": Printer._put,
    "stored": lambda printer, x, value, index: printer._written("stored", x, value, index),
    "added": lambda printer, x, value, index: printer._written("added", x, value, index),
    "last_writes": lambda printer, value, index, shape: (
        f"last_writes({printer.argument(value)}, {printer._index_value(index)}, {printer.argument(shape)})",
        _ATOM,
    ),
    "identity": lambda printer, x: printer._operand(x),
    "stop_gradient": lambda printer, x: printer._operand(x),
    "swapaxes": lambda printer, x, axis1, axis2: (
        f"{printer._bound(x, _ATOM)}.swapaxes({printer.argument(axis1)}, {printer.argument(axis2)})",
        _ATOM,
    ),
    "ravel": lambda printer, x, order="": (f"{printer._bound(x, _ATOM)}.ravel({order and repr(order)})", _ATOM),
    "flatten": lambda printer, x, order="": (f"{printer._bound(x, _ATOM)}.flatten({order and repr(order)})", _ATOM),
    "astype": lambda printer, x, dtype: (f"{printer._bound(x, _ATOM)}.astype({printer.argument(dtype)})", _ATOM),
}


def _places(node: Node, start: Node) -> list[int]:
    """Where each axis of `node` stood in `start`, from which it was made by moving axes alone."""
    chain = [node]
    while chain[-1].args[0] is not start:
        chain.append(chain[-1].args[0])
    array = np.broadcast_to(0.0, range(2, 2 + start.value.ndim))  # every length tells its axis
    for moved in reversed(chain):
        assert moved.primitive is not None
        array = moved.primitive.run(array, *moved.args[1:], **moved.kwargs)
    return [length - 2 for length in array.shape]


def _without_defaults(primitive: Primitive, options: dict[str, Any]) -> dict[str, Any]:
    """The options that say something."""
    defaults = {name: p.default for name, p in inspect.signature(primitive.run).parameters.items()}
    return {
        key: value
        for key, value in options.items()
        if isinstance(value, Named | NamedTuple) or value != defaults.get(key)
    }
