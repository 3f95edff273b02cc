"""Writes nodes as NumPy code: the same text for tables, diagrams and derived functions."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.binding import ATOM, BINDS, COMPARISON, POWER, UNARY, Text, fit
from backpropviz.code.values import ValuePrinter
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.named import Dim, Named, NamedTuple
from backpropviz.primitives.record import PRIMITIVES, Primitive
from backpropviz.primitives.shapes import picks_once
from backpropviz.primitives.stores import ADDED

_BROADCAST = PRIMITIVES[np.broadcast_to]
NEGATIVE = PRIMITIVES[np.negative]
PRODUCTS = (PRIMITIVES[np.multiply], PRIMITIVES[np.divide])
_POSITIONAL = {"shape", "source", "destination", "pad_width", "reps", "repeats", "shift"}


class Printer(ValuePrinter):
    """Prints the nodes of one trace.

    A node that has a name is referred to by it; one without is written out where it is used. `temporaries` gives names
    to further nodes. What printed code needs is collected while printing: `mentioned` nodes, `sizes` used, `constants`
    used, `helpers` (functions of ours by name, a user's as "module.name"), the constants `made` by a statement among
    the sizes, and the numbers that stay `frozen` because no names can write them.

    Args:
        at_hand: the nodes whose names can be used for their shape alone; None for all. A shape is written in terms of
            these, and of sizes, where it can be: nothing should be computed only to be measured.
    """

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

    # ---- nodes -------------------------------------------------------------------------------------------------------

    def _operand(self, value: Any) -> Text:
        if isinstance(value, Node):
            name = self.name(value)
            if name:
                self.mentioned.add(value)
            return (name, ATOM) if name else self._write(value)
        return self._literal(value)

    def _write(self, node: Node) -> Text:
        primitive = node.primitive
        if primitive is None:
            return node.name or "input", ATOM
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
            turned = self._opposite(left) if symbol == "-" else None
            return turned or (f"{symbol}{self._bound(left, UNARY)}", UNARY)
        right = rest[0]
        if symbol in ("+", "-", "*", "/"):
            left, right = self._unstretched(left, right), self._unstretched(right, left)
        if symbol in ("*", "/") and (first := self._opposite(left)) and (second := self._opposite(right)):
            return self._joined(symbol, first, second)
        return self._joined(symbol, self._operand(left), self._operand(right))

    def _joined(self, symbol: str, left: Text, right: Text) -> Text:
        binds = BINDS[symbol]
        tight = " " if binds != POWER else ""
        first = fit(left, binds + (symbol == "**" or binds == COMPARISON))
        return f"{first}{tight}{symbol}{tight}{fit(right, binds + (symbol != '**'))}", binds

    def _opposite(self, value: Any) -> Text | None:
        """What `-value` is without a sign, where `value` is written with one: two signs in a product are none."""
        if isinstance(value, Named):
            text, binds = self._operand(value)
            return (text[1:], ATOM) if binds == UNARY and text[1:].isidentifier() else None
        if not isinstance(value, Node) or self.name(value) or value.primitive not in (NEGATIVE, *PRODUCTS):
            return None
        if value.primitive is NEGATIVE:
            return self._operand(value.args[0])
        left, right = value.args
        left, right = self._unstretched(left, right), self._unstretched(right, left)
        symbol = value.primitive.infix
        turned = self._opposite(left)
        if turned:
            return self._joined(symbol, turned, self._operand(right))
        turned = self._opposite(right)
        return self._joined(symbol, self._operand(left), turned) if turned else None

    def _unstretched(self, value: Any, other: Any) -> Any:
        """`value` without a broadcast to the shape that `other` has anyway: NumPy does that by itself."""
        if not isinstance(value, Node) or value.primitive is not _BROADCAST or self.name(value):
            return value
        whole = isinstance(other, Node) and other.primitive is not _BROADCAST and other.shape == value.shape
        return value.args[0] if whole else value

    def _bound(self, value: Any, at_least: int) -> str:
        return fit(self._operand(value), at_least)

    def _call(self, name: str, args: Any, kwargs: dict[str, Any]) -> Text:
        parts = [self.argument(arg) for arg in args]
        parts += [
            self.argument(kwargs[key]) if key in _POSITIONAL else f"{key}={self.argument(kwargs[key])}"
            for key in kwargs
        ]
        return f"{name}({', '.join(parts)})", ATOM

    def _reshape(self, x: Any, shape: Any, order: str = "C", copy: Any = None) -> Text:
        if order != "C":
            return f"{self._bound(x, ATOM)}.reshape({self._new_shape(shape)}, order={order!r})", ATOM
        while isinstance(x, Node) and not self.name(x) and x.primitive is not None and x.primitive.name == "reshape":
            x = x.args[0]  # only the last of several reshapes counts
        return f"{self._bound(x, ATOM)}.reshape({self._new_shape(shape)})", ATOM

    def _transpose(self, x: Any, axes: Any = None) -> Text:
        if axes is None:
            return f"{self._bound(x, ATOM)}.T", ATOM
        return f"{self._bound(x, ATOM)}.transpose({', '.join(map(self.argument, axes))})", ATOM

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
        return f"{self._bound(x, ATOM)}[{self._index(index)}]", ATOM

    def _put(self, g: Any, index: Any, shape: Any) -> Text:
        return f"put({self.argument(g)}, {self._index_value(index)}, {self.argument(shape)})", ATOM

    def _expand_dims(self, x: Any, axis: Any) -> Text:
        if axis == ():
            return self._operand(x)
        if not isinstance(axis, tuple) or min(axis) < 0:
            return self._call("np.expand_dims", (x,), {"axis": axis})
        at = [None if each in axis else slice(None) for each in range(max(axis) + 1)]
        return self._take(x, tuple(at))

    def _written(self, helper: str, x: Any, value: Any, index: Any) -> Text:
        return f"{helper}({self.argument(x)}, {self.argument(value)}, {self._index_value(index)})", ATOM

    def _index(self, index: Any) -> str:
        if isinstance(index, tuple):
            lists = [part for part in index if isinstance(part, Node) and part.value.ndim == 1 and len(part.value) > 1]
            parts = [self._as_long(part, lists) or self._index(part) for part in index]
            return ", ".join(parts) + ("," if len(parts) == 1 else "") if parts else "()"
        if isinstance(index, slice):
            ends = ["" if end is None else self.argument(end) for end in (index.start, index.stop)]
            colon = " : " if any(" " in end for end in ends) else ":"
            return colon.join(ends).strip() + ("" if index.step is None else f":{self.argument(index.step)}")
        return "..." if index is Ellipsis else self.argument(index)

    def _as_long(self, part: Any, lists: list[Node]) -> str:
        """`range(4)` beside a list of places `y` is as long as y, since NumPy takes one from each; else nothing."""
        if not lists or not isinstance(part, range) or part != range(len(lists[0].value)):
            return ""
        return f"range({self._dim(Dim(lists[0], 0), len(part))[0]})"

    def _index_value(self, index: Any) -> str:
        return f"np.s_[{self._index(index)}]"


_SPECIAL: dict[str, Any] = {
    "reshape": Printer._reshape,
    "transpose": Printer._transpose,
    "expand_dims": Printer._expand_dims,
    "take": Printer._take,
    "put": Printer._put,
    "stored": lambda printer, x, value, index: printer._written("stored", x, value, index),
    "added": lambda printer, x, value, index: printer._written("added", x, value, index),
    "last_writes": lambda printer, value, index, shape: (
        f"last_writes({printer.argument(value)}, {printer._index_value(index)}, {printer.argument(shape)})",
        ATOM,
    ),
    "identity": lambda printer, x: printer._operand(x),
    "stop_gradient": lambda printer, x: printer._operand(x),
    "swapaxes": lambda printer, x, axis1, axis2: (
        f"{printer._bound(x, ATOM)}.swapaxes({printer.argument(axis1)}, {printer.argument(axis2)})",
        ATOM,
    ),
    "ravel": lambda printer, x, order="": (f"{printer._bound(x, ATOM)}.ravel({order and repr(order)})", ATOM),
    "flatten": lambda printer, x, order="": (f"{printer._bound(x, ATOM)}.flatten({order and repr(order)})", ATOM),
    "astype": lambda printer, x, dtype: (f"{printer._bound(x, ATOM)}.astype({printer.argument(dtype)})", ATOM),
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
