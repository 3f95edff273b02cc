"""What a run makes that no gradient reaches: names of sizes and settings, and how constant arrays came to be."""

from __future__ import annotations

import re
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from backpropviz.engine.graph import Group, Node, Round, SizeStatement, Step, is_range
from backpropviz.engine.named import Dim, Name, Named, named, plain, varies
from backpropviz.engine.reports import Site
from backpropviz.engine.slate import Slate, slate
from backpropviz.engine.tape import Tape
from backpropviz.engine.traced import Traced
from backpropviz.primitives.record import PRIMITIVES


class Part(NamedTuple):
    """How a constant array was picked from another."""

    whole: Any
    index: Any


class Constructed:
    """How a constant array was made: `np.ones((N, D))`, `lam * np.eye(D)`."""

    def __init__(self, name: str, args: Any, kwargs: Any):
        self.name, self.args, self.kwargs = name, args, kwargs

    @property
    def infix(self) -> str:
        """The operator that it is written with, if it is."""
        primitive = PRIMITIVES.get(getattr(np, self.name, None))
        return primitive.infix if primitive is not None else ""


class Frame:
    """Where a call stands while it runs: its group, and how many steps it made."""

    def __init__(self, group: Group | None):
        self.group = group
        self.count = 0
        self.round: Round | None = None  # of the innermost loop that runs


class ConstantKeeper(Tape):
    """A tape that knows under which names numbers and plain arrays can be written."""

    def __init__(self, held: set[str]) -> None:
        super().__init__()
        self.held = held  # the names of what an object holds
        self.steps: list[Step] = []
        self.groups: list[Group] = []
        self.sizes: list[SizeStatement] = []
        self.constants: dict[int, tuple[Any, Any]] = {}
        self.dims: dict[tuple[Node, int], str] = {}
        self._names: dict[str, tuple[str, int]] = {}  # for each name in use: as written, and how deep in calls
        self._versions: dict[str, int] = {}  # the last number given to a name
        self._arrays: dict[int, tuple[Any, Any]] = {}  # plain arrays that have a name, with it
        self._kept: dict[int, tuple[Any, Any]] = {}  # plain arrays that were used, each with its copy
        self._made: dict[int, Any] = {}  # plain arrays as the statement made them
        self._size_values: dict[str, Any] = {}
        self._constructed: dict[int, Constructed] = {}  # how plain arrays were made
        self._slates: dict[int, tuple[Any, Slate]] = {}  # the function's own arrays, with what it is handed for them
        self._frames: list[Frame] = []
        self.constants_recorded = False  # what is computed of constants alone is part of the record, too
        self.become_values: set[str] = set()  # names of numbers that are part of it then

    def begun(self, array: Any) -> None:
        name, _ = self._arrays.get(id(array), (None, None))
        if isinstance(name, str):  # the name means its versions now
            self._forget(name)
            unchanged = np.array_equal(self._made.get(id(array), array), np.asarray(array), equal_nan=True)
            self._arrays[id(array)] = (self._constructed.get(id(array)) if unchanged else None, array)

    def _held(self, value: Any) -> Any:
        """A plain array as a slate, into which traced values can be written."""
        if type(value) is not np.ndarray:
            return value
        if id(value) not in self._slates:
            self._slates[id(value)] = (value, slate(value, self))
            if id(value) in self._arrays:
                self._arrays[id(self._slates[id(value)][1])] = self._arrays[id(value)]
        return self._slates[id(value)][1]

    def keep(self, array: Any) -> Any:
        """A copy of a constant: the function may go on to change its own."""
        its_own, kept = self._kept.get(id(array), (None, None))
        if its_own is None or not np.array_equal(kept, array):
            kept = np.array(array)
            self._kept[id(array)] = (array, kept)
            name, _ = self._arrays.get(id(array), (None, None))
            if name is None and type(array) is Slate and array.source is not None and array.is_part:
                whole = self.keep(array.source)
                if self.constants[id(whole)][0] is not None:
                    name = Part(whole, array.index)
            self.constants[id(kept)] = (name, kept)
            if id(array) in self._made and not np.array_equal(self._made[id(array)], kept):
                self._forget(name)  # it was changed after the statement that made it
        return kept

    def _version(self, name: str) -> str:
        version, number = name, self._versions.get(name, 1)
        while version in self._names:
            number += 1
            version = f"{name}_{number}"
        self._versions[name] = number
        self._names[version] = (name, len(self._frames))
        return version

    def _settle_names(self) -> None:
        """The outermost use of a name keeps it as written; uses inside calls get the versions."""
        if self.groups or self.held:  # else they are given in the order they came
            provisional = sorted(self._names.items(), key=lambda item: item[1][1])
            self._names, self._versions = {}, {}
            settled = {name: self._version(written) for name, (written, _) in provisional}
            things: list[Any] = [*self.nodes, *self.steps, *self.groups]
            for thing in things:
                thing.name = settled.get(thing.name, thing.name)
        for step in self.steps:
            step.written = self._names[step.name][0]
        steps = {step.name for step in self.steps}
        self.sizes = [size for size in self.sizes if steps.isdisjoint(size.names)]
        origin = {id(kept): key for key, (_, kept) in self._kept.items()}
        repeated = {name for size in self.sizes for name in size.names} - {step.written for step in self.steps}
        for key, (name, array) in self.constants.items():
            made = self._constructed.get(origin.get(key, 0))
            made = made if np.array_equal(self._made.get(origin.get(key, 0), array), array) else None
            if isinstance(name, str) and name not in repeated and made is not None:
                self.constants[key] = (made, array)  # the name came to mean something else
            elif isinstance(name, str):
                self.constants[key] = (self._version(name), array)
        unnamed = [array for name, array in self.constants.values() if name is None and array.ndim]
        free = (name for number in count(1) if (name := f"constant_{number}") not in self._names)
        for array in unnamed:
            if not is_range(array):
                self.constants[id(array)] = (self._version(next(free)), array)

    def _size(self, site: Site, name: str, value: Any) -> Any:
        """A size or setting under a name of its own, as long as the name means one number only."""
        expression = value.expression if isinstance(value, Named) else None
        if varies(expression) or name == "_":  # nothing is called so
            return value
        if (isinstance(expression, Name) and expression.name == name) or len(self._frames) > 1:
            return value
        statement = self._repeatable(site)
        if not statement:
            return value
        if name in self._size_values and self._size_values[name] != value:
            self._forget(name)
            return value
        self._size_values[name] = plain(value)
        if isinstance(expression, Dim):
            self.dims[expression.node, expression.axis] = name
        if not any(name in size.names for size in self.sizes):
            self.sizes.append(SizeStatement(site.names, statement, site.needs))
        return named(plain(value), Name(name, plain(value)))

    def _repeatable(self, site: Site) -> str:
        """A statement as derived code can repeat it; empty where that reads or fills what an object holds.

        How much a dictionary or a list holds can be asked of one as well: `L = len(params) // 2`.
        """
        fills = "." in site.statement.partition("=")[0]  # `self.N, self.D = x.shape`
        held = self.held.intersection(site.needs)
        if any(re.search(rf"(?<!\blen\()\b{name}\b", site.code) for name in held) or (fills and not all(site.names)):
            return ""
        return f"{', '.join(site.names)} = {site.code}" if fills else site.statement

    def _constant_named(self, site: Site, name: str, array: Any) -> None:
        """A plain array under a name of its own: derived code can repeat the statement that made it."""
        self._arrays[id(array)] = (name, array)
        if len(self._frames) > 1:
            return
        if name in self._size_values:
            self._forget(name)
            return
        statement = self._repeatable(site)
        if not statement:
            return
        self._size_values[name] = np.ndarray
        self._made[id(array)] = np.array(array)
        if not any(name in size.names for size in self.sizes):
            self.sizes.append(SizeStatement(site.names, statement, site.needs))

    def _forget(self, name: str) -> None:
        """The name does not mean one thing only."""
        self.sizes = [size for size in self.sizes if name not in size.names]

    def _constant(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        array = function(*args, **kwargs)
        if isinstance(array, Traced):
            return array
        array = self._held(np.asarray(array))
        args = tuple(self.keep(arg) if type(arg) in (np.ndarray, Slate) else arg for arg in args)
        args = tuple(arg.node if isinstance(arg, Traced) else arg for arg in args)
        if any(map(self._has_origin, args)) or type(array) is Slate:
            self._constructed[id(array)] = Constructed(name, args, kwargs)
            self._arrays[id(array)] = (self._constructed[id(array)], array)
        if self.constants_recorded and array.dtype.kind == "f" and not name.startswith("empty"):
            return self._as_value(np.array(array), Constructed(name, args, kwargs))
        return array

    def computed(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """`lam * np.eye(D)`, `np.reshape(np.ones(N), (-1, 1))`: written as it is, where its operands can be."""
        if kwargs or not np.ndim(result) or not any(map(self._is_written, args)):
            return result
        return self._constant(function.__name__, lambda *_: result, args, kwargs)

    def _is_written(self, value: Any) -> bool:
        if isinstance(value, np.ndarray):
            return self._arrays.get(id(value), (None, None))[0] is not None
        return isinstance(value, Named)

    def _as_value(self, array: Any, made: Constructed | None) -> Traced:
        """A constant array as a value of the run: no operation made it, and no gradient goes there."""
        traced = self.input(array)
        traced.node.carries_gradient = False
        self.constants[id(traced.node.value)] = (made, traced.node.value)
        return traced

    def _has_origin(self, value: Any) -> bool:
        """Whether an argument can be written by names: a size, a value, an array that was made from such."""
        if isinstance(value, np.ndarray):
            return self.constants[id(value)][0] is not None
        return isinstance(value, Named | Node) or (isinstance(value, tuple) and any(map(self._has_origin, value)))
