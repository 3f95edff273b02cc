"""Writes nodes as NumPy code: the same text for tables, diagrams and derived functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.graph import Node, Recording
from backpropviz.named import Dim, Name, Named, NamedTuple, Operation, Shape, plain
from backpropviz.recording import Constructed

# How tightly an expression binds, as in Python's grammar.
_BINDS = {
    "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "|": 5, "^": 6, "&": 7, "+": 9, "-": 9,
    "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12,
}  # fmt: skip
_UNARY, _POWER, _ATOM = 11, 12, 13
_REPRODUCIBLE = {"np", "len", "int", "float", "min", "max", "range", "round", "sum", "im2col", "col2im", "output_shape"}

_POSITIONAL = {"shape", "axis1", "axis2", "source", "destination", "pad_width", "reps", "repeats", "shift"}

Text = tuple[str, int]
"""An expression and how tightly it binds."""


class Printer:
    """Prints the nodes of one recording.

    A node that has a name is referred to by it; one without is written out where it is used. `temporaries` gives names
    to further nodes. What printed code needs besides nodes is collected while printing: `sizes` used, `constants` used
    and `helpers` (functions of ours).
    """

    def __init__(self, recording: Recording, temporaries: dict[Node, str] | None = None):
        self.recording = recording
        self.temporaries = temporaries or {}
        self.sizes: set[str] = set()
        self.constants: dict[str, Any] = {}
        self.helpers: set[str] = set()
        self._reproducible = self._reproducible_sizes()

    def code(self, node: Node) -> str:
        """How `node` was computed, on one line, in terms of named nodes."""
        return self._write(node)[0]

    def reference(self, node: Node) -> str:
        """`node` by its name, or written out if it has none."""
        return self._operand(node)[0]

    def _named(self, node: Node) -> str | None:
        return self.temporaries.get(node) or node.name

    # ---- nodes -------------------------------------------------------------------------------------------------------

    def _operand(self, value: Any) -> Text:
        if isinstance(value, Node):
            name = self._named(value)
            return (name, _ATOM) if name else self._write(value)
        return self._literal(value)

    def _write(self, node: Node) -> Text:
        primitive = node.primitive
        if primitive is None:
            return node.name or "input", _ATOM
        if primitive.helper:
            self.helpers.add(primitive.name)
        special = _SPECIAL.get(primitive.name)
        if special is not None and primitive.call in (primitive.name, f"np.{primitive.name}"):
            written: Text = special(self, *node.args, **node.kwargs)
            return written
        if primitive.infix:
            return self._infix(primitive.infix, *node.args)
        return self._call(primitive.call, node.args, node.kwargs)

    def _infix(self, symbol: str, left: Any, right: Any = None) -> Text:
        if right is None:
            return f"{symbol}{self._bound(left, _UNARY)}", _UNARY
        binds = _BINDS[symbol]
        tight = " " if binds != _POWER else ""
        first = self._bound(left, binds + (symbol == "**"))
        return f"{first}{tight}{symbol}{tight}{self._bound(right, binds + (symbol != '**'))}", binds

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

    def _reshape(self, x: Any, shape: Any) -> Text:
        while isinstance(x, Node) and not self._named(x) and x.primitive is not None and x.primitive.name == "reshape":
            x = x.args[0]  # only the last of several reshapes counts
        if isinstance(shape, Shape) or not isinstance(shape, tuple):
            return f"{self._bound(x, _ATOM)}.reshape({self.argument(shape)})", _ATOM
        return f"{self._bound(x, _ATOM)}.reshape({', '.join(map(self.argument, shape))})", _ATOM

    def _transpose(self, x: Any, axes: Any = None) -> Text:
        if axes is None:
            return f"{self._bound(x, _ATOM)}.T", _ATOM
        return f"{self._bound(x, _ATOM)}.transpose({', '.join(map(self.argument, axes))})", _ATOM

    def _take(self, x: Any, index: Any) -> Text:
        return f"{self._bound(x, _ATOM)}[{self._index(index)}]", _ATOM

    def _put(self, g: Any, index: Any, shape: Any) -> Text:
        return f"put({self.argument(g)}, {self._index_value(index)}, {self.argument(shape)})", _ATOM

    def _index(self, index: Any) -> str:
        if isinstance(index, tuple):
            return ", ".join(map(self._index, index)) + ("," if len(index) == 1 else "")
        if isinstance(index, slice):
            ends = ["" if end is None else self.argument(end) for end in (index.start, index.stop)]
            return ":".join(ends) + ("" if index.step is None else f":{self.argument(index.step)}")
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
        negative = isinstance(value, int | float) and not isinstance(value, bool) and value < 0
        return repr(value), _UNARY if negative else _ATOM

    def _number(self, expression: Any, value: Any) -> Text:
        if isinstance(expression, Name):
            if expression.name in self.recording.settings:
                return expression.name, _ATOM
            if expression.name in self._reproducible:
                self.sizes.add(expression.name)
                return expression.name, _ATOM
            return self._literal(value)
        if isinstance(expression, Dim):
            return self._dim(expression, value)
        if isinstance(expression, Operation):
            return self._operation(expression, value)
        return self._literal(expression)

    def _operation(self, operation: Operation, value: Any) -> Text:
        binds = _BINDS[operation.symbol]
        left, left_binds = self._side(operation.left)
        right, right_binds = self._side(operation.right)
        if not left or not right:
            return self._literal(value)
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

    def _dim(self, dim: Dim, value: Any) -> Text:
        node, axis = _origin(dim.node, dim.axis)
        name = self.recording.dims.get((node, axis))
        if name in self._reproducible:
            self.sizes.add(str(name))
            return str(name), _ATOM
        for known, at in ((node, axis), (dim.node, dim.axis)):
            if known.name and not _is_red(known):
                return f"{known.name}.shape[{at}]", _ATOM
        return self._literal(value)

    def _shape(self, shape: Shape) -> Text:
        node = shape.node
        name = self._named(node)
        if name:
            return f"{name}.shape", _ATOM
        origins = [_origin(node, axis) for axis in range(node.value.ndim)]
        if origins and all(origin == (origins[0][0], axis) for axis, origin in enumerate(origins)):
            origin = origins[0][0]
            if origin.name and origin.value.ndim == node.value.ndim:
                return f"{origin.name}.shape", _ATOM
        return self._literal(tuple(shape))

    def _array(self, array: Any) -> Text:
        name, kept = self.recording.constants.get(id(array), (None, None))
        if isinstance(name, Constructed):
            return self._call(f"np.{name.name}", name.args, name.kwargs)
        if array.ndim == 0:
            return self._literal(array[()])
        if array.size > 1 and array.ndim == 1 and np.array_equal(array, np.arange(len(array))):
            return f"np.arange({len(array)})", _ATOM
        if name is None:
            same = [key for key, value in self.constants.items() if value is array]
            name = same[0] if same else f"constant_{len(self.constants) + 1}"
        self.constants[name] = array
        return name, _ATOM

    def _reproducible_sizes(self) -> set[str]:
        """The size names whose statements can be repeated in derived code."""
        known = _REPRODUCIBLE | set(self.recording.inputs) | set(self.recording.settings) | {"_"}
        sizes: set[str] = set()
        for statement in self.recording.sizes:
            if set(statement.needs) <= known | sizes:
                sizes.update(statement.names)
        return sizes

    def size_statements(self) -> list[str]:
        """The statements that define the sizes used so far, with the ones those need, in order."""
        wanted = set(self.sizes)
        chosen = []
        for statement in reversed(self.recording.sizes):
            if wanted & set(statement.names):
                chosen.append(statement.statement)
                wanted |= set(statement.needs)
                self.helpers |= set(statement.needs) & {"im2col", "col2im", "output_shape"}
        return chosen[::-1]


_SPECIAL: dict[str, Any] = {
    "reshape": Printer._reshape,
    "transpose": Printer._transpose,
    "take": Printer._take,
    "put": Printer._put,
    "identity": lambda printer, x: printer._operand(x),
    "ravel": lambda printer, x: (f"{printer._bound(x, _ATOM)}.ravel()", _ATOM),
    "astype": lambda printer, x, dtype: (f"{printer._bound(x, _ATOM)}.astype({printer.argument(dtype)})", _ATOM),
}


def _is_red(node: Node) -> bool:
    return node.primitive is None and (node.name or "").startswith("d") and not node.carries_gradient


def _origin(node: Node, axis: int) -> tuple[Node, int]:
    """Follow an axis up through entry-by-entry operations to where its length was set."""
    while node.primitive is not None and node.primitive.elementwise:
        from_end = node.value.ndim - axis
        for parent in node.parents:
            at = parent.value.ndim - from_end
            if at >= 0 and parent.value.shape[at] == node.value.shape[axis]:
                node, axis = parent, at
                break
        else:
            return node, axis
    return node, axis
