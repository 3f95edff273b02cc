"""Which traces are held against the plain function: the first of a kind, and ever fewer of those like it.

Traces are of a kind if they are of one function, with the same settings, on inputs of the same shapes and types. In a
loop over many inputs, the plain function need not run every time: it does for the 1st trace of a kind, the 2nd, the
4th, the 8th, and so on; and for every trace whose operations are others than those of the last one that was held, or
that asked for values on its way, as then the next inputs may lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from backpropviz.engine.trace import Trace


class Trust:
    """What is known of traces of one kind.

    Attributes:
        runs: how many there were. operations: what the last one that was held did; None before there is one.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.operations: int | None = None

    def begin(self) -> bool:
        """Begin another run; whether it is to be held, whatever it does."""
        self.runs += 1
        return self.runs & (self.runs - 1) == 0

    def covers(self, trace: Trace) -> bool:
        """Whether the trace does what one did that was held."""
        return not trace.decisions and _operations(trace) == self.operations

    def learn(self, trace: Trace) -> None:
        """Take note that the trace was held, and is the function."""
        self.operations = _operations(trace)


def _operations(trace: Trace) -> int:
    return hash(tuple([node.primitive for node in trace.nodes]))


_KNOWN: WeakKeyDictionary[FunctionType, dict[Any, Trust]] = WeakKeyDictionary()


def trust(function: Any, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> Trust:
    """What is known of traces of a function on such arrays, with these settings.

    Nothing, if the function takes arrays out of an object, or settings cannot be compared: they may have changed.
    """
    if type(function) is not FunctionType:
        return Trust()
    shapes = tuple([(name, array.shape, array.dtype) for name, array in inputs.items()])
    kind = function.__code__, shapes, tuple([(name, type(value), value) for name, value in settings.items()])
    try:
        return _KNOWN.setdefault(function, {}).setdefault(kind, Trust())
    except TypeError:  # a list, a dictionary
        return Trust()
