"""Runs a function on traced arrays and writes down its steps, groups, sizes and outputs."""

from __future__ import annotations

import contextlib
import copy
import linecache
import math
import operator
import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import FunctionType, MethodType, TracebackType
from typing import Any, NamedTuple

import numpy as np

from backpropviz.engine.graph import Group, Loop, Node, Round, SizeStatement, Step, is_range
from backpropviz.engine.holders import Flat, as_called
from backpropviz.engine.named import Dim, Name, Named, Operation, Variable, called, named, plain, varies
from backpropviz.engine.slate import Slate, find_traced, now, resolved, slate
from backpropviz.engine.source import HOOK, Instrumented, Site, instrument
from backpropviz.engine.trace import Trace
from backpropviz.engine.tracing import Tape, Traced
from backpropviz.errors import BackpropvizError, InputError, LayerError, TraceError
from backpropviz.primitives.arrays import substitute, with_index_trick
from backpropviz.primitives.shapes import IDENTITY, TAKE

_OPERATORS = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv, "Pow": operator.pow,
    "MatMult": operator.matmul, "FloorDiv": operator.floordiv, "Mod": operator.mod, "BitAnd": operator.and_,
    "BitOr": operator.or_, "BitXor": operator.xor, "LShift": operator.lshift, "RShift": operator.rshift,
}  # fmt: skip
IN_PLACE_OPERATORS = {name: getattr(operator, f"i{f.__name__.strip('_')}") for name, f in _OPERATORS.items()}
_CONSTANT_MAKERS: dict[Any, str] = {
    getattr(np, name): name
    for name in (
        "arange", "zeros", "ones", "full", "eye", "identity", "linspace", "tri", "triu", "tril", "diag",
        "zeros_like", "ones_like", "full_like", "empty", "empty_like",
    )
}  # fmt: skip
_NUMBER_FUNCTIONS: dict[Any, str] = {
    **{function: function.__name__ for function in (float, int, abs, round)},
    **{f: f"math.{name}" for name, f in vars(math).items() if callable(f) and not name.startswith("_")},
    **{f: f"np.{name}" for name, f in vars(np).items() if isinstance(f, np.ufunc) and f.nout == 1},
}
# the standard library, the installed packages, and this one
_NOT_USER_CODE = tuple(str(Path(file).parents[up]) for file, up in ((os.__file__, 0), (np.__file__, 1), (__file__, 1)))


class _Frame:
    """Where a call stands while it runs: its group, and how many steps it made."""

    def __init__(self, prefix: str, group: Group | None):
        self.prefix, self.group = prefix, group
        self.count = 0
        self.round: Round | None = None  # of the innermost loop that runs

    def next_label(self) -> str:
        return f"{self.prefix}{self.count + 1}"


class _Key:
    """`_Key()[1:, None]` is the index `1:, None` as a value."""

    def __getitem__(self, key: Any) -> Any:
        return key


class Recorder(Tape):
    """A tape that an instrumented function reports its assignments to."""

    key = _Key()

    def __init__(self, function: FunctionType | Flat):
        super().__init__()
        self.held = {*function.holders} if isinstance(function, Flat) else set[str]()
        self.held_arrays = {*function.arrays} if isinstance(function, Flat) else set[str]()
        self.home = Path(function.__code__.co_filename).parent
        self.steps: list[Step] = []
        self.groups: list[Group] = []
        self.loops: list[Loop] = []
        self.decisions: list[tuple[Callable[[], bool], bool]] = []
        self._whiles: set[Loop] = set()
        self.notes: list[str] = []
        self.sizes: list[SizeStatement] = []
        self.constants: dict[int, tuple[Any, Any]] = {}
        self.dims: dict[tuple[Node, int], str] = {}
        self.outputs: list[Node] = []
        self._names: dict[str, tuple[str, int]] = {}  # for each name in use: as written, and how deep in calls
        self._versions: dict[str, int] = {}  # the last number given to a name
        self._renamed: set[Node] = set()
        self._arrays: dict[int, tuple[Any, Any]] = {}  # plain arrays that have a name, with it
        self._kept: dict[int, tuple[Any, Any]] = {}  # plain arrays that were used, each with its copy
        self._made: dict[int, Any] = {}  # plain arrays as the statement made them
        self._size_values: dict[str, Any] = {}
        self._constructed: dict[int, Constructed] = {}  # how plain arrays were made
        self._slates: dict[int, tuple[Any, Slate]] = {}  # the function's own arrays, with what it is handed for them
        self._changed: list[Traced] = []  # arrays changed in place by the statement that runs
        self._pending = 0  # nodes before this index belong to a step already
        self._frames: list[_Frame] = []
        self._bound: dict[Any, Callable[..., Any]] = {}

    # ---- what instrumented code calls --------------------------------------------------------------------------------

    def assign(self, site: Site, value: Any) -> Any:
        """`a = value`, or `a, b = value`."""
        value = now(value)
        if len(site.names) == 1:
            return self._assigned(site, site.names[0], value)
        if isinstance(value, Traced) and site.names and value.ndim:
            value = tuple(value)
        if isinstance(value, tuple | list) and len(value) == len(site.names):
            last = len(value) - 1
            items = [
                self._assigned(site, name, item, more=position < last) if name else item
                for position, (name, item) in enumerate(zip(site.names, value))
            ]
            return items if isinstance(value, list) else tuple(items)
        return value

    def augment(self, site: Site, operation: str, current: Any, value: Any) -> Any:
        """`a += value` on a name: an array changes where it stands, a number is replaced."""
        current, value = now(current), now(value)
        if isinstance(current, np.ndarray) and find_traced(value) is not None and type(current) is not Slate:
            current = self._held(current) if type(current) is np.ndarray and current.ndim else current
        result = IN_PLACE_OPERATORS[operation](current, value)
        if type(result) is Traced and result is current:
            self._name_changed(site)
            return result
        result = now(result)
        if type(result) is Traced and self._changed:
            self._name_changed(site)
            return result
        return self._assigned(site, site.names[0], result) if type(result) is not np.ndarray else result

    def store(self, site: Site, value: Any, container: Any, key: Any) -> None:
        """`container[key] = value`."""
        container, value = now(container), now(value)
        if type(container) is np.ndarray and find_traced((value, key)) is not None:
            raise TraceError(
                f"`{site.statement}` writes a traced value into an array that was made outside of the function",
                where=site.where,
                fix="Make the array inside of it, or copy it first: `out = out.copy()`.",
            )
        if type(container) is Traced or isinstance(container, np.ndarray):
            container[key] = value
            self._name_changed(site)
        else:
            named = isinstance(key, str) and type(value) is Traced
            container[key] = self._assigned(site, key, value) if named else self._held(value)

    def augment_item(self, site: Site, operation: str, container: Any, key: Any, value: Any) -> None:
        """`container[key] += value`."""
        container = now(container)
        current = self.item(container, key)
        if type(current) is np.ndarray and type(container) is not np.ndarray:
            current = self._held(current)
        result = IN_PLACE_OPERATORS[operation](current, now(value))
        if type(container) is Traced or isinstance(container, np.ndarray):
            if type(container) is not Slate or find_traced((result, key)) is not None:
                self._changed.clear()  # the part was written by itself; what counts is that it is put back
            self.store(site, result, container, key)
        else:
            self._name_changed(site)
            container[key] = now(result)

    def begun(self, array: Any) -> None:
        name, _ = self._arrays.get(id(array), (None, None))
        if isinstance(name, str):  # the name means its versions now
            self._forget(name)
            unchanged = np.array_equal(self._made.get(id(array), array), np.asarray(array), equal_nan=True)
            self._arrays[id(array)] = (self._constructed.get(id(array)) if unchanged else None, array)

    def changed(self, traced: Traced) -> None:
        if not any(each is traced for each in self._changed):  # `in` would compare their values
            self._changed.append(traced)

    def done(self, site: Site, value: Any) -> Any:
        """A statement that is an expression: what it changed in place becomes a step."""
        self._name_changed(site)
        return value

    def caught(self) -> None:
        """At the start of an `except`: what cannot be traced is not for the function to handle."""
        error = sys.exception()
        while error is not None:
            if isinstance(error, BackpropvizError):
                raise error
            error = error.__context__

    # ---- loops -------------------------------------------------------------------------------------------------------

    def rounds(self, site: Site, iterable: Any) -> Iterator[Any]:
        """The values that a loop goes through; each is a round."""
        frame = self._frames[-1]
        loop = self._loop(site, frame)
        iterator = iter(now(iterable))
        while True:
            round_ = self._begin_round(frame, loop)  # what fetching a value computes belongs to its round
            try:
                value = next(iterator)
            except StopIteration:
                loop.rounds.pop()
                frame.round = loop.around
                return
            if len(site.names) == 1:
                value = self._variable(round_, site.names[0], value)
            elif type(value) is tuple and len(value) == len(site.names):
                value = tuple([self._variable(round_, name, part) for name, part in zip(site.names, value)])
            try:
                yield value
            finally:
                self._end_round(frame, loop)

    @staticmethod
    def _variable(round_: Round, name: str, value: Any) -> Any:
        round_.variables[name] = value
        return (
            named(plain(value), Variable(name, round_, plain(value))) if type(plain(value)) in (int, float) else value
        )

    def again(self, site: Site, test: Any) -> Any:
        """The test of a `while`, each time: if it holds, a round begins."""
        frame = self._frames[-1]
        while frame.round is not None and frame.round.loop.head != site.statement and frame.round.loop in self._whiles:
            self._end_round(frame, frame.round.loop)
        running = frame.round is not None and (frame.round.loop.line, frame.round.loop.head) == (
            site.line,
            site.statement,
        )
        if running:
            assert frame.round is not None
            loop = frame.round.loop
            self._end_round(frame, loop)
        if not test:
            return False
        if not running:
            loop = self._loop(site, frame)
            self._whiles.add(loop)
        self._begin_round(frame, loop)
        return True

    def left(self, site: Site) -> None:
        """After a `while`, however it ended."""
        frame = self._frames[-1]
        if frame.round is not None and (frame.round.loop.line, frame.round.loop.head) == (site.line, site.statement):
            self._end_round(frame, frame.round.loop)

    def _loop(self, site: Site, frame: _Frame) -> Loop:
        loop = Loop(site.statement, site.file, site.line, frame.group, frame.round)
        self.loops.append(loop)
        return loop

    def _begin_round(self, frame: _Frame, loop: Loop) -> Round:
        nodes, steps = len(self.nodes), len(self.steps)
        frame.round = Round(loop, len(loop.rounds), {}, range(nodes, nodes), range(steps, steps))
        loop.rounds.append(frame.round)
        return frame.round

    def _end_round(self, frame: _Frame, loop: Loop) -> None:
        round_ = loop.rounds[-1]
        round_.nodes = range(round_.nodes.start, len(self.nodes))
        round_.steps = range(round_.steps.start, len(self.steps))
        frame.round = loop.around

    def _name_changed(self, site: Site) -> None:
        """Arrays that were changed in place are new values under their old names."""
        while self._changed:
            traced = self._changed.pop(0)
            node = traced._node
            if node.name is None:
                self._step(site, self._name_before(node) or (site.names[0] if site.names else "out"), node)

    def _name_before(self, node: Node) -> str | None:
        """The name, as it was written, of the value that a node is a new version of."""
        while node.args and node.primitive is not None:
            node = node.args[0]
            if type(node) is not Node:
                return None
            if node.name is not None:
                return self._names[node.name][0]
        return None

    def _held(self, value: Any) -> Any:
        """A plain array as a slate, into which traced values can be written."""
        if type(value) is not np.ndarray:
            return value
        if id(value) not in self._slates:
            self._slates[id(value)] = (value, slate(value, self))
            if id(value) in self._arrays:
                self._arrays[id(self._slates[id(value)][1])] = self._arrays[id(value)]
        return self._slates[id(value)][1]

    def result(self, site: Site, value: Any) -> Any:
        """`return value`."""
        value = now(value)
        values = list(map(now, value)) if isinstance(value, tuple) else [value]
        for i, item in enumerate(values):
            # an input that is handed back at the top is an output of its own
            handed_back = len(self._frames) == 1 and isinstance(item, Traced) and item.node.primitive is None
            if handed_back or (isinstance(item, Traced) and item.node.name is None):
                own = site._replace(code=site.names[i]) if len(site.names) == len(values) else site
                values[i] = self._assigned(own, "out", item, more=i < len(values) - 1)
        return tuple(values) if isinstance(value, tuple) else values[0]

    def item(self, container: Any, index: Any) -> Any:
        """`container[index]`: a plain array looked up at a traced index is recorded too."""
        container, index = now(container), resolved(index) if isinstance(index, tuple) else now(index)
        if type(container) is np.ndarray and find_traced(index) is not None:
            return self.record(TAKE, (container, index), {})
        if (container is np.c_ or container is np.r_) and find_traced(index) is not None:
            return with_index_trick(container, resolved(index))
        return container[index]

    def literal(self, value: float) -> Any:
        """A float literal on the left of an operator."""
        return named(value, value)

    def callee(self, site: Site, function: Any) -> Any:
        """The function about to be called: on traced values, those that NumPy does not ask have a substitute."""
        call, stand_in = self._called(site, function), substitute(function)
        if stand_in is None:
            return call

        def either(*args: Any, **kwargs: Any) -> Any:
            if function is np.fromiter and args:
                args = (list(args[0]), *args[1:])  # a generator is used up by a look
            if find_traced((args, kwargs)) is None:
                return call(*args, **kwargs)
            args, kwargs = resolved(args), resolved(kwargs)
            if function in _CONSTANT_MAKERS:  # np.zeros_like(x) is no traced value, but made by the function itself
                return self._constant(_CONSTANT_MAKERS[function], stand_in, args, kwargs)
            return stand_in(*args, **kwargs)

        return either

    def _called(self, site: Site, function: Any) -> Any:
        """The function about to be called: a user's function becomes a group of steps."""
        if function.__hash__ is not None and function in _CONSTANT_MAKERS:
            return lambda *args, **kwargs: self._constant(_CONSTANT_MAKERS[function], function, args, kwargs)
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
        if function is len:
            return lambda value: value.shape[0] if isinstance(value, Traced) and value.ndim else len(value)
        return function

    def _called_as_group(self, site: Site, function: FunctionType, called_: Any, *owner: Any) -> Any:
        if function not in self._bound:
            self._bound[function] = self._as_group(function)
        call = self._bound[function]
        return called_ if call is function else lambda *args, **kwargs: call(site, *owner, *args, **kwargs)

    def keep(self, array: Any) -> Any:
        """A copy of a constant: the function may go on to change its own."""
        its_own, kept = self._kept.get(id(array), (None, None))
        if its_own is None or not np.array_equal(kept, array):
            kept = np.array(array)
            self._kept[id(array)] = (array, kept)
            name, _ = self._arrays.get(id(array), (None, None))
            if name is None and type(array) is Slate and array.index is not None and array.source is not None:
                whole = self.keep(array.source)
                if self.constants[id(whole)][0] is not None:
                    name = Part(whole, array.index)
            self.constants[id(kept)] = (name, kept)
            if id(array) in self._made and not np.array_equal(self._made[id(array)], kept):
                self._forget(name)  # it was changed after the statement that made it
        return kept

    # ---- steps -------------------------------------------------------------------------------------------------------

    def _assigned(self, site: Site, name: str, value: Any, more: bool = False) -> Any:
        """Make `value` a step. With `more` to come from the same statement, later operations are left to those."""
        value = now(value)
        if isinstance(value, Named) or type(value) in (int, float):
            return self._size(site, name, value)
        if type(value) in (np.ndarray, Slate):
            value = self._held(value)
            self._constant_named(site, name, value)
        if not isinstance(value, Traced) or value.tape is not self:
            return value
        node = value.node
        if node.name is not None and node.step is not None and self._just_returned(node):
            # the result of a call that was a group of its own: it goes by the caller's name
            self._names.pop(node.name, None)
            node.name = node.step.name = self._version(name)
            self._renamed.add(node)
            if node.step.group is not None:
                group = node.step.group
                while group.parent is not self._frames[-1].group and group.parent is not None:
                    group = group.parent
                if group.name is None:  # the first of several results names it
                    group.name, group.code, group.line = node.name, site.code, site.line
                    group.caption = site.caption or group.caption
            return value
        if node.name == name and name in self.held_arrays and "." not in site.statement.partition("=")[0]:
            return value  # `W1 = params["W1"]` takes it out, and that is all
        if node.name is not None:
            value = self.record(IDENTITY, (value,), {})
            node = value.node
        self._step(site, name, node, end=node.index + 1 if more else None)
        return value

    def _just_returned(self, node: Node) -> bool:
        frame, step = self._frames[-1], node.step
        return (
            step is not None
            and step.group is not None
            and step.group is not frame.group
            and self._pending == len(self.nodes)
            and node not in self._renamed
        )

    def _step(
        self, site: Site, name: str, node: Node, code: str = "", statement: str = "", end: int | None = None
    ) -> None:
        frame = self._frames[-1]
        label = frame.next_label()
        frame.count += 1
        node.name = self._version(name)
        made = self.nodes[self._pending : end]
        self._pending += len(made)
        step = Step(
            label, node.name, code or site.code, statement or site.statement, site.caption, node, made, frame.group,
            site.file, site.line, frame.round,
        )  # fmt: skip
        for part in made:
            part.step = step
        self.steps.append(step)

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
        provisional = sorted(self._names.items(), key=lambda item: item[1][1])
        self._names, self._versions = {}, {}
        settled = {name: self._version(written) for name, (written, _) in provisional}
        things: list[Any] = [*self.nodes, *self.steps, *self.groups]
        for thing in things:
            thing.name = settled.get(thing.name, thing.name)
        for step in self.steps:
            step.written = self._names[step.name][0]
            self._forget(step.name)
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
        return named(plain(value), Name(name))

    def _repeatable(self, site: Site) -> str:
        """A statement as derived code can repeat it; empty where that reads or fills what an object holds."""
        fills = "." in site.statement.partition("=")[0]  # `self.N, self.D = x.shape`
        if self.held.intersection(site.needs) or (fills and not all(site.names)):
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
        return array

    def _has_origin(self, value: Any) -> bool:
        """Whether an argument can be written by names: a size, a value, an array that was made from such."""
        if isinstance(value, np.ndarray):
            return self.constants[id(value)][0] is not None
        return isinstance(value, Named | Node) or (isinstance(value, tuple) and any(map(self._has_origin, value)))

    # ---- groups ------------------------------------------------------------------------------------------------------

    def _as_group(self, function: FunctionType) -> Callable[..., Any]:
        filename = function.__code__.co_filename
        outside = filename.startswith(_NOT_USER_CODE) and Path(filename).parent != self.home
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
        group = Group(
            frame.next_label(), _group_name(function, args), frame.group, site.code, "", site.line, None, frame.round
        )
        position = len(self.groups)
        self.groups.append(group)
        inner = _Frame(f"{group.label}.", group)
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

    def decide(self, test: Callable[[], bool], truth: bool) -> None:
        self.decisions.append((test, truth))
        site = _user_line(sys._getframe(2))
        note = f"{site}: the path taken depends on values here; with other inputs the graph may differ"
        if note not in self.notes:
            self.notes.append(note)

    # ---- the run -----------------------------------------------------------------------------------------------------

    def run(self, function: FunctionType | Flat, inputs: dict[str, Any], settings: dict[str, Any]) -> Trace:
        """Call `function` on traced `inputs` and `settings`, and return what it left behind.

        Raises:
            TraceError: something in it cannot be followed; the error names the line.
            LayerError: the function itself failed.
        """
        traced = {name: self.input(np.array(value), name) for name, value in inputs.items()}
        nodes = {name: value.node for name, value in traced.items()}
        self._names.update((name, (name, 0)) for name in traced)
        self._pending = len(self.nodes)
        own = {
            name: copy.deepcopy(value) if isinstance(value, dict | list) else value for name, value in settings.items()
        }
        arguments = {**traced, **{name: named(value, Name(name)) for name, value in own.items()}}
        target = function.function if isinstance(function, Flat) else function
        if isinstance(function, Flat):
            arguments = function.arguments(arguments)
        instrumented = instrument(target.__code__)
        call = instrumented.bind(target, self) if instrumented else target
        self._frames.append(_Frame("", None))
        positional, keywords = as_called(target, arguments)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what it prints is no part of what is printed about it
                returned = call(*positional, **keywords)
        except BrokenPipeError:  # nobody reads what it prints
            raise
        except BackpropvizError as error:
            error.where = error.where or where_in(error.__traceback__, self.home)
            raise
        except NotImplementedError as error:
            raise TraceError(f"cannot be traced: {error}", where=where_in(error.__traceback__, self.home)) from error
        except (Exception, SystemExit) as error:
            raise _failed(function, error, self.home) from error
        if instrumented is None:
            self._steps_without_source(function)
        self._collect_outputs(function, returned)
        if isinstance(function, Flat):
            nodes = self._without_unread(nodes, function)
        self._settle_names()
        return Trace(
            function,
            nodes, settings, self.nodes, self.steps, self.groups,
            self.outputs, returned, self.notes, self.sizes, self.constants, self.dims, self.decisions,
            [loop for loop in self.loops if loop.rounds],
        )  # fmt: skip

    def _without_unread(self, inputs: dict[str, Node], function: Flat) -> dict[str, Node]:
        """The inputs without the arrays that an object holds, but this run does not read."""
        read = {parent for node in self.nodes for parent in node.parents} | {*self.outputs}
        unread = {name for name in function.arrays if inputs[name] not in read}
        left = {inputs[name] for name in unread}
        self.nodes[:] = [node for node in self.nodes if node not in left]
        for index, node in enumerate(self.nodes):
            node.index = index
        for name in unread:
            self._names.pop(name, None)
        return {name: node for name, node in inputs.items() if name not in unread}

    def _collect_outputs(self, function: Any, returned: Any) -> None:
        values = returned if isinstance(returned, tuple) else (returned,)
        self.outputs = [value.node for value in values if isinstance(value, Traced)]
        if not self.outputs and returned is None and self.steps:
            # a listing without a return: what it calls `out`, or else what it made last
            named_out = [step.node for step in self.steps if self._names[step.name][0] == "out" and not step.group]
            self.outputs = [(named_out or [self.steps[-1].node])[-1]]
        if not self.outputs:
            what = "None" if all(value is None for value in values[:1]) else type(returned).__name__
            raise LayerError(
                f"{function.__name__} returned {what}, no value computed from its inputs"
                + (": is it written yet?" if what == "None" else ""),
                where=f"{Path(function.__code__.co_filename).name}:{function.__code__.co_firstlineno}",
                fix="Return the layer's output: `return out`, or `return out, cache`.",
            )
        if any(node.value.dtype.kind == "c" for node in self.outputs):
            raise LayerError(
                f"{function.__name__} returned complex numbers: a loss cannot be made of them",
                where=f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}",
                fix="Return a real value of them: np.abs(out), out.real, or the inverse transform's real part.",
            )

    def _steps_without_source(self, function: Any) -> None:
        site = Site((), "", "", "", function.__code__.co_filename, function.__code__.co_firstlineno)
        for node in self.nodes[self._pending :]:
            node.name = self._version(node.primitive.name if node.primitive else "x")
            self._frames[-1].count += 1
            step = Step(
                str(self._frames[-1].count), node.name, node.name, "", "", node, [node], None, site.file, site.line
            )
            node.step = step
            self.steps.append(step)
        self.notes.append(f"the source of {function.__name__} could not be read: every operation is a step")


class Part(NamedTuple):
    """How a constant array was picked from another."""

    whole: Any
    index: Any


def _group_name(function: FunctionType, args: Any) -> str:
    """A called function's name; for an object's forward pass, that of its class."""
    its_own = bool(args) and not isinstance(args[0], Traced) and hasattr(type(args[0]), function.__name__)
    return type(args[0]).__name__ if its_own and function.__name__ in ("forward", "__call__") else function.__name__


class Constructed:
    """How a constant array was made: `np.ones((N, D))`."""

    def __init__(self, name: str, args: Any, kwargs: Any):
        self.name, self.args, self.kwargs = name, args, kwargs


def _type_of(value: Any) -> type:
    """What `type(value)` says of the array that a value stands for."""
    return np.ndarray if type(value) is Slate else value.__class__


def _user_line(frame: Any) -> str:
    while frame is not None and HOOK not in frame.f_code.co_freevars:
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame is not None else "?"


def where_in(traceback: TracebackType | None, home: Path) -> str | None:
    """`file:line` of the innermost frame of a traceback that stands in the user's code."""
    found = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if HOOK in code.co_freevars or Path(code.co_filename).parent == home:
            found = f"{Path(code.co_filename).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def _failed(function: Any, error: BaseException, home: Path) -> BackpropvizError:
    if _raised_on_purpose(error):
        return InputError(
            f"{function.__name__} refuses its input: {error}",
            where=where_in(error.__traceback__, home),
            fix="This check is the file's own: change the input or the setting that it names.",
        )
    return LayerError(
        f"{function.__name__} failed with {type(error).__name__}: {error}",
        where=where_in(error.__traceback__, home),
        fix="Run it once on plain arrays; do the shapes and names on that line agree?",
    )


def _raised_on_purpose(error: BaseException) -> bool:
    """Whether the error comes from a `raise` in code that is being traced."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or HOOK not in traceback.tb_frame.f_code.co_freevars:
        return False
    return linecache.getline(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno).lstrip().startswith("raise ")


__all__ = ["Constructed", "Dim", "Instrumented", "Operation", "Part", "Recorder", "where_in"]
