"""Finds the function or the class that is meant in a user's file."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from backpropviz.errors import LayerError
from backpropviz.primitives.record import PRIMITIVES

FORWARD = (
    "forward", "__call__", "fprop", "forward_pass", "feedforward", "forward_prop", "forward_propagation", "fwd",
    "feed_forward", "forward_propagate", "propagate", "f", "loss", "predict",
)  # fmt: skip
"""What courses call the method that runs a layer, the usual name first."""


@dataclass(frozen=True)
class Method:
    """A method of a class that needs an object (or the class) before it: `Linear.forward`."""

    owner: type
    name: str

    @property
    def function(self) -> Any:
        found: FunctionType = plain_function(getattr(self.owner, self.name))
        return found

    @property
    def of_class(self) -> bool:
        """Whether it takes the class, and needs no object."""
        return isinstance(inspect.getattr_static(self.owner, self.name), classmethod)


def choose(module: ModuleType, file: Path, wanted: str = "") -> FunctionType | Method:
    """What is called `wanted`, or the one that is meant: called like the file, or called by no other.

    Raises:
        LayerError: there is none, or none of that name, or several that could be meant.
    """
    functions = {name: found for name, value in vars(module).items() if (found := _function_of(name, value, file))}
    classes = {name: value for name, value in vars(module).items() if _is_own_class(value, module)}
    if wanted:
        return _wanted(wanted, functions, classes, file)
    layers: dict[str, FunctionType | Method] = {
        name: f for name, f in functions.items() if not name.startswith(("sample", "_")) and "backward" not in name
    }
    layers |= {name: method for name, owner in classes.items() if (method := forward_of(owner)) is not None}
    for name in layers:
        if file.stem in (name, name.lower()):
            return layers[name]
    rules = {inspect.unwrap(gradient.vjp) for p in PRIMITIVES.values() for gradient in p.gradients if gradient}
    layers = {name: found for name, found in layers.items() if found not in rules}
    used = _names_used(layers, classes)
    roots = [name for name in layers if name not in used]
    if not layers:
        hint = (
            f"a method of {next(iter(classes))}: `def forward(self, x)`" if classes else "`def layer(x, w): return out`"
        )
        raise LayerError(f"{file.name} defines no function", fix=f"Put the forward pass in one: {hint}.")
    if len(roots) != 1:
        several = roots or list(layers)
        choices = "\n  ".join(f"{file}:{name}" for name in several)
        kinds = {"classes" if name in classes else "functions" for name in several}
        raise LayerError(f"{file.name} defines {len(several)} {' and '.join(sorted(kinds))}; say which:", fix=choices)
    return layers[roots[0]]


def _wanted(
    wanted: str, functions: dict[str, FunctionType], classes: dict[str, type], file: Path
) -> FunctionType | Method:
    name, dot, method = wanted.partition(".")
    if name in classes:
        owner = classes[name]
        found = method_of(owner, method) if dot else forward_of(owner)
        if found is None:
            own = [other for other in dir(owner) if not other.startswith("__") and method_of(owner, other)]
            asked = f"method {method!r}" if dot else f"forward pass: none of {', '.join(FORWARD[:4])}"
            raise LayerError(
                f"{name} in {file.name} has no {asked}", fix=f"Methods it has: {', '.join(own) or 'none'}."
            )
        return found
    if wanted not in functions:
        there = [*functions, *classes]
        near = difflib.get_close_matches(wanted, there, n=3, cutoff=0.4)
        what = "functions" if not classes else "functions and classes"
        raise LayerError(
            f"{file.name} has no function {wanted!r}",
            fix=textwrap.shorten(f"{what.capitalize()} it has: {', '.join(near or there) or 'none'}.", 400),
        )
    return functions[wanted]


def forward_of(owner: type) -> Method | FunctionType | None:
    """The method that runs the layer, if the class is one."""
    return next((found for name in FORWARD if (found := method_of(owner, name)) is not None), None)


def method_of(owner: type, name: str) -> Method | FunctionType | None:
    """A method by its name, as the file defines it; one without `self` is a function. None where there is none."""
    static = inspect.getattr_static(owner, name, None)
    function = plain_function(getattr(owner, name, None))
    if function is None or isinstance(static, property) or function.__module__ in ("builtins", object.__module__):
        return None
    return function if isinstance(static, staticmethod) else Method(owner, name)


def plain_function(value: Any) -> Any:
    """The Python function behind a method or a decorator from elsewhere; None where there is none."""
    value = getattr(value, "__func__", value)
    if not isinstance(value, FunctionType) and callable(value):
        value = inspect.unwrap(value)
    return value if isinstance(value, FunctionType) else None


def is_of(code: Any, file: Path) -> bool:
    """Whether a code object comes from a file, or from a cell of it."""
    name: str = code.co_filename
    return name == str(file) or name.startswith(f"{file}:cell ")


def _function_of(name: str, value: Any, file: Path) -> FunctionType | None:
    """The function a file defines under a name; behind a decorator from elsewhere, the one it decorates."""
    for function in (value, inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value):
        if isinstance(function, FunctionType) and is_of(function.__code__, file):
            return _called(function, name) if function.__name__ == "<lambda>" else function
    return None


def _called(function: FunctionType, name: str) -> FunctionType:
    """A lambda by the name it was assigned to."""
    renamed = FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    renamed.__kwdefaults__ = function.__kwdefaults__
    return renamed


def _is_own_class(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__ and not issubclass(value, BaseException)


def _names_used(layers: dict[str, FunctionType | Method], classes: dict[str, type]) -> set[str]:
    """The names that functions and classes of the file use, but for their own."""
    used = {name for f in layers.values() if isinstance(f, FunctionType) for name in _codes(f) if name != f.__name__}
    for owner in classes.values():
        used |= {base.__name__ for base in owner.__mro__[1:]}
        methods = filter(None, map(plain_function, vars(owner).values()))
        used |= {name for method in methods for name in _codes(method) if name != owner.__name__}
    return used


def _codes(function: FunctionType) -> Iterable[str]:
    """The names that a function reads, and the functions inside it."""
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        yield from code.co_names
        waiting += [constant for constant in code.co_consts if isinstance(constant, type(code))]
