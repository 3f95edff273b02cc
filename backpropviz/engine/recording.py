"""Runs a function on traced arrays and writes down its steps, groups, loops, sizes and outputs."""

from __future__ import annotations

import contextlib
import copy
import operator
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.engine.calling import CallRecorder
from backpropviz.engine.constants import Frame
from backpropviz.engine.failures import failed, user_line, where_in
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.holders import Flat, as_called
from backpropviz.engine.instrument import instrument
from backpropviz.engine.keeping import Ties, uncollected
from backpropviz.engine.named import Name, named, plain
from backpropviz.engine.numbering import number
from backpropviz.engine.refusals import no_shuffling
from backpropviz.engine.reports import Site
from backpropviz.engine.returned import checked_outputs, held_outputs, returned_by_itself
from backpropviz.engine.slate import Slate, find_traced, now, resolved
from backpropviz.engine.trace import Trace
from backpropviz.engine.traced import Traced
from backpropviz.errors import BackpropvizError, TraceError
from backpropviz.primitives.arrays import with_index_trick
from backpropviz.primitives.shapes import TAKE

_OPERATORS = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv, "Pow": operator.pow,
    "MatMult": operator.matmul, "FloorDiv": operator.floordiv, "Mod": operator.mod, "BitAnd": operator.and_,
    "BitOr": operator.or_, "BitXor": operator.xor, "LShift": operator.lshift, "RShift": operator.rshift,
}  # fmt: skip
IN_PLACE_OPERATORS = {name: getattr(operator, f"i{f.__name__.strip('_')}") for name, f in _OPERATORS.items()}


class _Key:
    """`_Key()[1:, None]` is the index `1:, None` as a value."""

    def __getitem__(self, key: Any) -> Any:
        return key


class Recorder(CallRecorder):
    """A tape that an instrumented function reports its assignments to."""

    key = _Key()
    longest = 200_000  # some three seconds on a machine to oneself, ten on a busy one, and a third of a gigabyte

    def __init__(self, function: FunctionType | Flat):
        held = {*function.holders} if isinstance(function, Flat) else set[str]()
        arrays = {*function.arrays} if isinstance(function, Flat) else set[str]()
        super().__init__(held, arrays, function.__code__.co_filename)
        self.decisions: list[tuple[Callable[[], bool], bool]] = []
        self.notes: list[str] = []
        self.outputs: list[Node] = []

    # ---- what instrumented code calls --------------------------------------------------------------------------------

    def assign(self, site: Site, value: Any) -> Any:
        """`a = value`, or `a, b = value`."""
        if len(site.names) == 1:
            return self._assigned(site, site.names[0], value)
        value = now(value)
        if isinstance(value, Traced) and site.names and value.ndim:
            value = tuple(value)
        if isinstance(value, Iterator) and "*" not in site.statement.partition("=")[0]:
            value = tuple(islice(value, len(site.names) + 1))  # `i, f = (gate(k) for k in range(2))`; one more is told
        if isinstance(value, tuple | list) and len(value) == len(site.names):
            items = list(value)
            order = _as_computed(items)
            for at, more in zip(order, [*[True] * (len(order) - 1), False]):
                items[at] = self._assigned(site, site.names[at], items[at], more) if site.names[at] else items[at]
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
            named = f"{site.names[0]}_{key}" if site.names else ""
            key_name = named if named in self._names else key  # m["W"] = ... is a new m_W, not W
            container[key] = self._put_away(site, value, key_name if isinstance(key, str) else "")

    def appended(self, site: Site, value: Any) -> Any:
        """The value of `values.append(value)`."""
        return self._put_away(site, now(value))

    def _put_away(self, site: Site, value: Any, key: str = "") -> Any:
        """A value that a dictionary or a list is given: a step, by its key or by what holds it."""
        if type(value) is not Traced:
            return self._held(value)
        if key:
            return self._assigned(site, key, value)
        name = site.names[0] if site.names else ""
        return self._assigned(site, name, value) if name and value.node.name is None else value

    def augment_item(self, site: Site, operation: str, container: Any, key: Any, value: Any) -> None:
        """`container[key] += value`."""
        container = now(container)
        current = self.item(container, key)
        if type(current) is np.ndarray and type(container) is not np.ndarray:
            current = self._held(current)
        result = IN_PLACE_OPERATORS[operation](current, now(value))
        if result is current and type(current) in (Traced, Slate) and current.source is not None and self._changed:
            self._name_changed(site)  # a view of the container: it was written into already
            return
        if type(container) is Traced or isinstance(container, np.ndarray):
            if type(container) is not Slate or find_traced((result, key)) is not None:
                self._changed.clear()  # the part was written by itself; what counts is that it is put back
            self.store(site, result, container, key)
        else:
            self._name_changed(site)
            container[key] = now(result)

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

    def result(self, site: Site, value: Any) -> Any:
        """`return value`."""
        value = now(value)
        values = list(map(now, value)) if isinstance(value, tuple) else [value]
        if isinstance(value, list) and len(self._frames) == 1:  # [p - lr * g for p, g in zip(params, grads)]
            return list(self.result(site, tuple(value)))
        for i in _as_computed(values):
            item = values[i]
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

    def decide(self, test: Callable[[], bool], truth: bool) -> None:
        self.decisions.append((test, truth))
        site = user_line(sys._getframe(2))
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
        try:
            return self._run_recorded(function, inputs, settings, Ties(self.nodes, self.steps, self.loops))
        finally:
            # returned values go on knowing their recorder, and must not hold the whole run by that
            vars(self).update(vars(Recorder(function)))

    def _run_recorded(
        self, function: FunctionType | Flat, inputs: dict[str, Any], settings: dict[str, Any], ties: Ties
    ) -> Trace:
        traced = {name: self.input(np.array(value), name) for name, value in inputs.items()}
        nodes = {name: value.node for name, value in traced.items()}
        self._names.update((name, (name, 0)) for name in traced)
        self._pending = len(self.nodes)
        own = {
            name: copy.deepcopy(value) if isinstance(value, dict | list) else value for name, value in settings.items()
        }
        arguments = {**traced, **{name: named(value, Name(name, plain(value))) for name, value in own.items()}}
        target = function.function if isinstance(function, Flat) else function
        if isinstance(function, Flat):
            arguments = function.arguments(arguments)
        code = target.__code__
        self.reserved = {*code.co_varnames, *code.co_names, *code.co_cellvars, *code.co_freevars}
        instrumented = instrument(code)
        call = instrumented.bind(target, self) if instrumented else target
        self._frames.append(Frame(None))
        positional, keywords = as_called(target, arguments)
        try:
            # what it prints is no part of what is printed about it
            with contextlib.redirect_stdout(sys.stderr), uncollected(), no_shuffling():
                returned = call(*positional, **keywords)
        except BrokenPipeError:  # nobody reads what it prints
            raise
        except BackpropvizError as error:
            error.where = error.where or where_in(error.__traceback__, self.home)
            raise
        except NotImplementedError as error:
            raise TraceError(f"cannot be traced: {error}", where=where_in(error.__traceback__, self.home)) from error
        except (Exception, SystemExit) as error:
            raise failed(function, error, self.home) from error
        if instrumented is None:
            self._steps_without_source(function)
        self.outputs, held = returned_by_itself(returned), {}
        if not self.outputs:
            given = {name: arguments[name] for name in function.holders} if isinstance(function, Flat) else {}
            held = held_outputs(returned, given)
            self.outputs = [*held] or self._unreturned(returned)
        checked_outputs(function, self.outputs, returned)
        if isinstance(function, Flat):
            nodes = self._without_unread(nodes, function)
        self._settle_names()
        number(self.steps)
        return Trace(
            function, nodes, settings, self.nodes, self.steps, self.groups,
            self.outputs, returned, self.notes, self.sizes, self.constants, self.dims, self.decisions,
            [loop for loop in self.loops if loop.rounds], ties,
            held,
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

    def _unreturned(self, returned: Any) -> list[Node]:
        """Of a listing without a return: what it calls `out`, or else what it made last."""
        if returned is not None or not self.steps:
            return []
        named_out = [step.node for step in self.steps if self._names[step.name][0] == "out" and not step.group]
        return [(named_out or [self.steps[-1].node])[-1]]

    def _steps_without_source(self, function: Any) -> None:
        site = Site((), "", "", "", function.__code__.co_filename, function.__code__.co_firstlineno)
        for node in self.nodes[self._pending :]:
            node.name = self._version(node.primitive.name if node.primitive else "x")
            self._frames[-1].count += 1
            step = Step("", node.name, node.name, "", "", node, [node], None, site.file, site.line)
            node.step = step
            self.steps.append(step)
        self.notes.append(f"the source of {function.__name__} could not be read: every operation is a step")


def _as_computed(values: list[Any]) -> list[int]:
    """The positions of several values, those without a name in the order in which they were computed.

    `mean, total = np.average(x, weights=w, returned=True)`: the total comes first.
    """
    order = list(range(len(values)))
    fresh = [i for i in order if isinstance(values[i], Traced) and values[i].node.name is None]
    for at, i in zip(fresh, sorted(fresh, key=lambda i: values[i].node.index)):
        order[at] = i
    return order
