"""Gradients that are left on what they are the gradients of: `inp.g = out.g @ w.T`, `self.W.grad += ...`.

What is passed on is an array with attributes, of a class of the file's that is made from an array, or of a subclass of
NumPy's. The upstream gradient is put on the output before the backward pass runs, and the gradients are read off the
inputs afterwards.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.diagnose.student.parameters import IN_BOX, left_on

_PROBE = np.array([[3.0, 5.0, 7.0], [2.0, 11.0, 13.0]])


class Held(np.ndarray):
    """An array that can be given attributes."""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Held:
        twin = self.copy()
        vars(twin).update(vars(self))
        return twin


def held(values: Any) -> Held:
    """A copy of an array that can be given attributes."""
    return np.array(values, dtype=float).view(Held)


@dataclass(frozen=True)
class Box:
    """What arrays are put into.

    Attributes:
        made: the code that makes one, of the code of an array. data: where the array is in it, empty where it is one
            itself. gradient: where its gradient is left.
    """

    made: str
    data: str
    gradient: str

    def of(self, code: str) -> str:
        """The array in the box that an expression gives."""
        return f"{code}.{self.data}" if self.data else code

    def is_one(self, value: Any) -> bool:
        """Whether a value is a box of this kind, by what it has."""
        if not self.data:
            return isinstance(value, Held)
        return not isinstance(value, np.ndarray) and isinstance(getattr(value, self.data, None), np.ndarray | float)


def plain(values: Any) -> Any:
    """What was put into an array with attributes, as NumPy's own; a number as it is."""
    return np.array(values) if isinstance(values, np.ndarray) and values.ndim else float(values)


def left_on_it(handed: Any, gradient: str, layer: Any) -> Any:
    """The gradient that is left on an array with attributes, or on the copy of it that a layer keeps; none is zero."""
    same = [its for its in _kept(layer, 3) if np.shape(its) == np.shape(handed) and np.array_equal(its, handed)]
    left = [vars(its)[gradient] for its in (handed, *same) if gradient in getattr(its, "__dict__", ())]
    return left[0] if left else 0 * handed


def _kept(part: Any, depth: int) -> Iterator[Any]:
    """The arrays that a layer, and what it is made of, hold."""
    inner = part if isinstance(part, list | tuple) else getattr(part, "__dict__", {}).values()
    for value in inner if depth and not isinstance(part, type) else ():
        if isinstance(value, np.ndarray):
            yield value
        else:
            yield from _kept(value, depth - 1)


GIVEN: dict[str, Any] = {"__held__": held, "__plain__": plain, "__left_on__": left_on_it}
"""What the functions around a student's call."""


def boxes(functions: Iterable[ast.AST], namespace: Mapping[str, Any]) -> Iterator[Box]:
    """What the passes of a layer may want their arrays to be put into, the likeliest first."""
    functions = list(functions)
    places = [node for function in functions for node in ast.walk(function)]
    places = [node for node in places if isinstance(node, ast.Attribute | ast.Name)]
    attributes = {ast.unparse(place).rpartition(".")[2] for place in places}
    gradients = left_on(functions)
    for definition in namespace.get("__classes__", ()):
        box = _of_class(definition.name, namespace, gradients)
        if box is not None and (box.data in attributes or (not box.data and gradients)):
            yield box
    if gradients:
        yield Box("__held__({})", "", gradients[0])


def _of_class(name: str, namespace: Mapping[str, Any], gradients: list[str]) -> Box | None:
    """The box that a class of the file is, if it is one: made from an array, it keeps it beside its gradient."""
    cls = namespace.get(name)
    if not isinstance(cls, type) or issubclass(cls, np.ndarray):
        return None
    make: Any = cls
    try:
        made = make(_PROBE.copy())
        kept = vars(made)
    except Exception:  # it is made of something else
        return None
    data = [place for place, value in kept.items() if isinstance(value, np.ndarray) and np.array_equal(value, _PROBE)]
    marks = [place for place in kept if IN_BOX.fullmatch(place) and place not in data]
    mark = next((its for its in gradients if its in marks), next(iter([*marks, *gradients]), ""))
    return Box(f"{name}({{}})", data[0], mark) if data and mark else None


def read_on(function: ast.FunctionDef, box: Box) -> set[str]:
    """The names whose array, or gradient, a function reads: `x` of `x.data @ w`, and `w` of `self.w.data`."""
    places = [node for node in ast.walk(function) if isinstance(node, ast.Attribute | ast.Name)]
    read = (ast.unparse(place).rpartition(".") for place in places)
    holders = {holder.removeprefix("self.") for holder, _, name in read if name in (box.data, box.gradient)}
    return {holder for holder in holders if holder.isidentifier()}
