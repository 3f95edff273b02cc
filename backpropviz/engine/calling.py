"""Calls while they run: a user's function becomes a group of steps, some of NumPy's have a substitute."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from backpropviz.engine import calls
from backpropviz.engine.constants import Frame
from backpropviz.engine.graph import Group
from backpropviz.engine.instrument import instrument
from backpropviz.engine.looping import LoopRecorder
from backpropviz.engine.named import NamedFloat, NamedInt, Shape, called
from backpropviz.engine.reports import HOOK, Site
from backpropviz.engine.slate import Slate, find_traced, now, resolved
from backpropviz.engine.traced import Traced
from backpropviz.primitives.arrays import asks, substitute
from backpropviz.primitives.shapes import astype

_CONSTANT_MAKERS: dict[Any, str] = {
    getattr(np, name): name
    for name in (
        "arange", "zeros", "ones", "full", "eye", "identity", "linspace", "tri", "triu", "tril", "diag",
        "zeros_like", "ones_like", "full_like", "empty", "empty_like",
    )
}  # fmt: skip
_NUMBER_FUNCTIONS: dict[Any, str] = {
    **{function: function.__name__ for function in (float, int, abs, round, divmod)},
    **{f: f"math.{name}" for name, f in vars(math).items() if callable(f) and not name.startswith("_")},
    **{f: f"np.{name}" for name, f in vars(np).items() if isinstance(f, np.ufunc)},
}
_NUMPYS = (np.ufunc, type(np.sum))
_ALONE = {Traced, int, float, bool, str, type(None), NamedInt, NamedFloat, Shape}  # with no array in them
# the standard library, the installed packages, and this one
_NOT_USER_CODE = tuple(str(Path(file).parents[up]) for file, up in ((os.__file__, 0), (np.__file__, 1), (__file__, 1)))


class CallRecorder(LoopRecorder):
    """A tape that instrumented code asks what to call."""

    def __init__(self, held: set[str], held_arrays: set[str], file: str) -> None:
        super().__init__(held, held_arrays)
        self.file = file
        self._bound: dict[Any, Callable[..., Any]] = {}
        self._stand_ins: dict[Any, Callable[..., Any]] = {}

    @property
    def home(self) -> Path:
        """The folder of the function that runs: what is called from there is the user's code."""
        return Path(self.file).parent

    def callee(self, site: Site, function: Any) -> Any:
        """The function about to be called: on traced values, those that NumPy does not ask have a substitute."""
        if type(function) not in _NUMPYS:
            return self._stand_in(site, function)
        if function not in self._stand_ins:  # the same wherever it is called
            self._stand_ins[function] = self._stand_in(site, function)
        return self._stand_ins[function]

    def _stand_in(self, site: Site, function: Any) -> Any:
        call, stand_in = self._called(site, function), substitute(function)
        if stand_in is None:
            return call
        its_own = asks(function) and function not in _CONSTANT_MAKERS
        operands = function.nin if type(function) is np.ufunc else 0

        def either(*args: Any, **kwargs: Any) -> Any:
            if operands == 1 == len(args) and type(args[0]) is Traced and not kwargs:
                return calls.ufunc(self.record, function, "__call__", args, kwargs)
            # nothing is to be found in these: they are called as NumPy would
            alone = args and type(args[0]) is Traced and _ALONE.issuperset(map(type, (*args, *kwargs.values())))
            if alone and its_own:
                return args[0].__array_function__(function, (), args, kwargs)
            if alone and len(args) == operands and not kwargs:
                return calls.ufunc(self.record, function, "__call__", args, kwargs)
            if function is np.fromiter and args:
                args = (list(args[0]), *args[1:])  # a generator is used up by a look
            if find_traced((args, kwargs)) is None:
                return call(*args, **kwargs)
            args, kwargs = resolved(args), resolved(kwargs)
            if function in _CONSTANT_MAKERS:  # np.zeros_like(x) is no traced value, but made by the function itself
                return self._constant(_CONSTANT_MAKERS[function], stand_in, args, kwargs)
            if operands == len(args) and not kwargs:
                return calls.ufunc(self.record, function, "__call__", args, kwargs)  # where NumPy would hand it on to
            return stand_in(*args, **kwargs)

        return either

    def _called(self, site: Site, function: Any) -> Any:
        """The function about to be called: a user's function becomes a group of steps."""
        if function.__hash__ is not None and function in _CONSTANT_MAKERS:
            return lambda *args, **kwargs: self._constant(_CONSTANT_MAKERS[function], function, args, kwargs)
        if function is float:
            return _as_number
        if function.__hash__ is not None and function in _NUMBER_FUNCTIONS:
            name = _NUMBER_FUNCTIONS[function]
            return lambda *args, **kwargs: function(*args, **kwargs) if kwargs else called(name, function, args)
        method = getattr(type(function), "__call__", None)  # noqa: B004
        if type(function) is MethodType and type(function.__func__) is FunctionType:
            return self._called_as_group(site, function.__func__, function, function.__self__)
        if type(function) is not FunctionType and type(method) is FunctionType:  # `self.layer(x)`
            return self._called_as_group(site, method, function, function)
        if type(function) is FunctionType:
            return self._called_as_group(site, function, function)
        if function is type:
            return lambda *args: _type_of(*args) if len(args) == 1 else type(*args)
        if function is sum:
            return lambda values, *start, **key: self._summed(site, values, sum, *start, **key)
        if function is len:
            return lambda value: value.shape[0] if isinstance(value, Traced) and value.ndim else len(value)
        return function

    def _summed(self, site: Site, values: Any, function: Any, *start: Any, **key: Any) -> Any:
        """The sum of a list, as the loop that it is; a generator has rounds of its own."""
        if type(values) not in (list, tuple) or find_traced(values) is None:
            return function(values, *start, **key)
        total = start[0] if start else key.get("start", 0)
        for value in self.rounds(site._replace(names=("_",), statement=f"for _ in {site.code}"), values):
            total = total + value
        return total

    def _called_as_group(self, site: Site, function: FunctionType, called_: Any, *owner: Any) -> Any:
        if function not in self._bound:
            self._bound[function] = self._as_group(function)
        call = self._bound[function]
        return called_ if call is function else lambda *args, **kwargs: call(site, *owner, *args, **kwargs)

    def _as_group(self, function: FunctionType) -> Callable[..., Any]:
        filename = function.__code__.co_filename
        outside = filename.startswith(_NOT_USER_CODE) and os.path.dirname(filename) != os.path.dirname(self.file)
        if function.__name__ == "<lambda>" or outside:
            return function
        if HOOK in function.__code__.co_freevars:  # defined inside an instrumented function
            return lambda site, *args, **kwargs: self._grouped(site, function, function, args, kwargs)
        instrumented = instrument(function.__code__)
        if instrumented is None:
            return function
        bound = instrumented.bind(function, self)
        return lambda site, *args, **kwargs: self._grouped(site, bound, function, args, kwargs)

    def _grouped(self, site: Site, call: Any, function: Any, args: Any, kwargs: Any) -> Any:
        self._name_arguments(site, function, args)
        frame = self._frames[-1]
        group = Group("", _group_name(function, args), frame.group, site.code, "", site.line, None, frame.round)
        position = len(self.groups)
        self.groups.append(group)
        inner = Frame(group)
        self._frames.append(inner)
        try:
            value = call(*args, **kwargs)
        finally:
            self._frames.pop()
        if inner.count:
            frame.count += 1
        else:  # it made no step of its own, so it is no group
            del self.groups[position]
        return value

    def _name_arguments(self, site: Site, function: Any, args: Any) -> None:
        """What was computed in the argument list becomes a step, named like the parameter."""
        if self._pending == len(self.nodes):
            return
        parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
        owners = len(args) - len(site.names) if len(args) == len(site.names) + 1 else 0  # `self` is not written there
        for position, value in enumerate(args):
            if isinstance(value, Traced) and value.node.name is None and position < len(parameters):
                code = site.names[position - owners] if position - owners < len(site.names) else ""
                self._step(site, parameters[position], value.node, code, f"{parameters[position]} = {code}")
                self.steps[-1].is_argument = True


def _group_name(function: FunctionType, args: Any) -> str:
    """A called function's name; for an object's forward pass, that of its class."""
    its_own = bool(args) and not isinstance(args[0], Traced) and hasattr(type(args[0]), function.__name__)
    return type(args[0]).__name__ if its_own and function.__name__ in ("forward", "__call__") else function.__name__


def _as_number(*args: Any) -> Any:
    """`float(b)`: of a traced value its only entry, as an array without axes."""
    value = now(args[0]) if args else None
    if type(value) is not Traced:
        return called("float", float, args)
    return value.item() if value.dtype == float else astype(value.item(), float)


def _type_of(value: Any) -> type:
    """What `type(value)` says of the array that a value stands for."""
    return np.ndarray if type(value) is Slate else value.__class__
