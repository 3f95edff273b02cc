"""Arrays that objects, dictionaries and lists hold, as inputs with names of their own.

A layer often takes its parameters inside something: `self.W`, `params["W1"]`, `weights[0]`. `Flat` makes of such a
function one of plain arrays by name, `forward(x, W)`, which is what everything else here works on. What holds them is
copied for every run, so that a run leaves no trace in the caller's objects.
"""

from __future__ import annotations

import copy
import inspect
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from backpropviz.engine.graph import Array

_WRAPPERS = {"data", "value", "val", "values", "array", "arr"}  # `self.W.data` is W
_NOT_USERS = {*sys.stdlib_module_names, "numpy", "scipy", "matplotlib", "backpropviz"} - {"__main__"}


class Place(NamedTuple):
    """Where a value stands: the parameter, and the attributes, keys and positions that lead there."""

    parameter: str
    path: tuple[Any, ...]

    def name(self, depth: int) -> str:
        """The last `depth` parts of the way there as one name; a position or a wrapper never stands alone."""
        parts = [str(part) for part in (self.parameter, *self.path)]
        if len(parts) > 2 and parts[-1] in _WRAPPERS:
            parts.pop()
        start = len(parts) - depth
        while start > 0 and not re.match(r"_*[^\W\d]", parts[start]):
            start -= 1
        return _identifier("_".join(re.sub(r"^_[A-Z]\w*?__|^_+|_+$", "", part) for part in parts[max(start, 0) :]))


def _identifier(text: str) -> str:
    """A key or a position as a name: "W 1" as W_1."""
    word = re.sub(r"\W+", "_", text).strip("_") or "value"
    return f"_{word}" if word[0].isdigit() or keyword.iskeyword(word) else word


class Flat:
    """A function some of whose arguments hold arrays, as a function of those arrays by name.

    Attributes:
        function: the function itself. holders: the arguments that hold arrays, by parameter.
        arrays: the arrays of floats in them by name, numbers: the numbers, both as they are there.
        places: where the arrays stand, by name.
    """

    def __init__(self, function: FunctionType, holders: Mapping[str, Any], name: str = ""):
        self.function, self.holders = function, dict(holders)
        self.__name__, self.__doc__, self.__module__ = name or function.__name__, function.__doc__, function.__module__
        self.__code__, self.__globals__ = function.__code__, function.__globals__
        parameters = inspect.signature(function).parameters
        places: dict[Place, Any] = {}
        seen: set[int] = set()
        for parameter, holder in self.holders.items():
            places |= _found(Place(parameter, ()), holder, seen)
        arrays = [place for place, value in places.items() if isinstance(value, np.ndarray)]
        names = _names(arrays, {*parameters})
        names |= _names([place for place in places if place not in names], {*parameters, *names.values()})
        values = {names[place]: value for place, value in places.items()}
        self.arrays: dict[str, Array] = {name: v for name, v in values.items() if isinstance(v, np.ndarray)}
        self.numbers = {name: value for name, value in values.items() if name not in self.arrays}
        self.places = {names[place]: place for place in arrays}
        self._names = {id(value): names[place] for place, value in places.items() if isinstance(value, np.ndarray)}
        self._numbers_at = {place: name for place, name in names.items() if name in self.numbers}
        own = [parameter for name, parameter in parameters.items() if name not in self.holders]
        held = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in values.items()
        ]
        ahead = [p for p in own if p.kind < p.KEYWORD_ONLY]
        self.__signature__ = inspect.Signature([*ahead, *held, *(p for p in own if p.kind is p.KEYWORD_ONLY)])

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers, and the dictionaries that are held, without their arrays: what code may look up in them."""
        looked_up = {
            parameter: {key: value for key, value in holder.items() if _is_plain(value)}
            for parameter, holder in self.holders.items()
            if isinstance(holder, dict)
        }
        return {**self.numbers, **looked_up}

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The function's own arguments, with `values` in the places of the arrays and numbers that are held."""
        given = {name: value for name, value in values.items() if name not in self.holders}
        copied: dict[int, Any] = {}
        filled = {
            parameter: self._filled(Place(parameter, ()), holder, given, copied)
            for parameter, holder in self.holders.items()
        }
        own = {name: value for name, value in given.items() if name not in self.arrays and name not in self.numbers}
        return {**filled, **own}

    def __call__(self, *args: Any, **values: Any) -> Any:
        """Run the function on plain copies."""
        free = [name for name in inspect.signature(self.function).parameters if name not in self.holders]
        return call(self.function, self.arguments({**dict(zip(free, args)), **values}))

    def calling(self, function: Any) -> Flat:
        """The same, with another function that takes the same."""
        other = copy.copy(self)
        other.function = function
        return other

    def _filled(self, place: Place, value: Any, given: Mapping[str, Any], copied: dict[int, Any]) -> Any:
        if type(value) is np.ndarray and value.dtype.kind == "f":
            name = self._names.get(id(value), "")
            if name in given:
                return given[name]
        elif (number := self._numbers_at.get(place)) is not None:
            return given.get(number, value)
        if id(value) in copied:
            return copied[id(value)]
        if isinstance(value, MethodType):  # of an object that is copied too
            owner = self._filled(place, value.__self__, given, copied)
            return MethodType(value.__func__, owner)
        parts = dict(_parts(value))
        if isinstance(value, tuple):
            items = [self._filled(_inside(place, key), part, given, copied) for key, part in parts.items()]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if not isinstance(value, dict | list) and not is_users_object(value):
            is_state = isinstance(value, np.ndarray | set | np.random.Generator | np.random.RandomState)
            return copied.setdefault(id(value), copy.deepcopy(value)) if is_state else value
        try:
            twin = copied[id(value)] = copy.copy(value) if isinstance(value, dict | list) else _shell(value)
        except TypeError:  # made by a library in C
            return copied.setdefault(id(value), value)
        for key, part in parts.items():
            filled = self._filled(_inside(place, key), part, given, copied)
            if isinstance(value, dict | list):
                twin[key] = filled
            else:
                object.__setattr__(twin, key, filled)
        return twin


def taken_apart(
    function: FunctionType | Flat, inputs: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[FunctionType | Flat, Mapping[str, Any], Mapping[str, Any]]:
    """The function, its inputs and its settings, with what settings hold under names of its own."""
    holders = {name: value for name, value in settings.items() if holds_arrays(value) or is_users_object(value)}
    if holders and not isinstance(function, Flat):
        function = Flat(function, holders)
    if isinstance(function, Flat):
        held = {*function.holders, *function.arrays}
        settings = {**function.settings, **{name: value for name, value in settings.items() if name not in held}}
        inputs = {**inputs, **{name: array for name, array in function.arrays.items() if name not in inputs}}
    return function, inputs, settings


def call(function: Any, arguments: Mapping[str, Any]) -> Any:
    """`function(**arguments)`, with what stands before a `*` by position."""
    positional, keywords = as_called(function, arguments)
    return function(*positional, **keywords)


def as_called(function: Any, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments by name as a call passes them: by position as far as that goes; `*rest` takes its own apart."""
    rest = dict(arguments)
    if isinstance(function, Flat):
        return [], rest
    code = inspect.unwrap(function).__code__  # a decorated function takes what the one inside it takes
    positional: list[Any] = []
    ahead = code.co_varnames[: code.co_argcount]
    for name in ahead:
        if name not in rest:
            break
        positional.append(rest.pop(name))
    if code.co_flags & inspect.CO_VARARGS and len(positional) == len(ahead):
        positional += rest.pop(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
    if code.co_flags & inspect.CO_VARKEYWORDS:
        last = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
        rest |= rest.pop(code.co_varnames[last], {})
    return positional, rest


def defaults(function: FunctionType | Flat) -> dict[str, Any]:
    """The parameters that need not be given, with what they are then."""
    if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):  # the same, a good deal sooner
        code, values = function.__code__, function.__defaults__ or ()
        last = code.co_argcount
        return dict(zip(code.co_varnames[last - len(values) : last], values)) | (function.__kwdefaults__ or {})
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def holds_arrays(value: Any) -> bool:
    """Whether a value is no array of floats, but holds some."""
    if value is None or type(value) in (bool, int, float, str):
        return False
    found = {} if isinstance(value, np.ndarray) else _found(Place("", ()), value, set())
    return any(isinstance(part, np.ndarray) for part in found.values())


def _found(place: Place, value: Any, seen: set[int]) -> dict[Place, Any]:
    """Every array of floats and every number in a value, each array once, by its place."""
    found: dict[Place, Any] = {}
    waiting = [(place, value)]
    while waiting:
        place, value = waiting.pop(0)
        if type(value) in (int, float, np.float64) and place.path:
            found[place] = value
        elif type(value) is np.ndarray:
            if value.dtype.kind == "f" and id(value) not in seen:
                seen.add(id(value))
                found[place] = value
        elif id(value) not in seen:
            parts = [(_inside(place, key), part) for key, part in _parts(value)]
            if parts:
                seen.add(id(value))
            waiting += parts
    return found


def _inside(place: Place, key: Any) -> Place:
    return Place(place.parameter, (*place.path, key))


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """What a dictionary, a list or a user's object holds, by key, position or attribute."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from zip(getattr(value, "_fields", range(len(value))), value)
    elif is_users_object(value):
        yield from _attributes(value).items()


def _attributes(value: Any) -> dict[str, Any]:
    """An object's attributes: its own, in slots, and arrays that its class holds for it."""
    own: dict[str, Any] = {}
    for kind in reversed(type(value).__mro__):
        if kind.__module__ in _NOT_USERS:
            continue
        own |= {name: held for name, held in vars(kind).items() if isinstance(held, np.ndarray)}
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name != "__dict__" and hasattr(value, name):
                own[name] = getattr(value, name)
    return {**own, **getattr(value, "__dict__", {})}


def is_users_object(value: Any) -> bool:
    """Whether a value is an object of a user's class, with attributes that a run may read and change."""
    kind = type(value)
    if isinstance(value, type | FunctionType | MethodType | ModuleType | np.ndarray | np.generic):
        return False
    if kind is SimpleNamespace:
        return True
    return kind.__module__.partition(".")[0] not in _NOT_USERS and not isinstance(value, int | float | str | tuple)


def _shell(value: Any) -> Any:
    """An object of the same class with nothing in it yet."""
    return type(value).__new__(type(value)) if isinstance(value, SimpleNamespace) else object.__new__(type(value))


def _is_plain(value: Any) -> bool:
    """Whether code can write a value out."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (int, float, str, bool)


def _names(places: list[Place], taken: set[str]) -> dict[Place, str]:
    """A name for every place: the last part of the way there, or as much more of it as tells them apart."""
    names: dict[Place, str] = {}
    unnamed = places
    for depth in range(1, 2 + max((len(place.path) for place in places), default=0)):
        wished = {place: place.name(depth) for place in unnamed}
        counts = list(wished.values())
        clear = {place: name for place, name in wished.items() if counts.count(name) == 1 and name not in taken}
        names |= clear
        taken |= {*clear.values()}
        unnamed = [place for place in unnamed if place not in names]
    for place in unnamed:
        name = place.name(9)
        while name in taken:
            name += "_"
        names[place] = name
        taken.add(name)
    return {place: names[place] for place in places}
