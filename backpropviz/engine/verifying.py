"""Holds a trace against the plain function: the same values, or it is the trace of another function.

Traced values look like arrays, but code can find out that they are none: it may ask for the type of one in a way that
nobody foresaw, swallow an error that only traced values raise, or change an array behind the record's back. So the
function runs once more on copies of its inputs, without any of this, and its output is compared bit for bit.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.engine.holders import Flat, as_called, taken_apart
from backpropviz.engine.instrument import instrument
from backpropviz.engine.recording import IN_PLACE_OPERATORS, Recorder
from backpropviz.engine.reports import Site
from backpropviz.engine.trace import Trace, checked
from backpropviz.engine.traced import Traced
from backpropviz.engine.trust import trust
from backpropviz.errors import TraceError

_UNCHANGING = {int, float, bool, str, type(None)}


def record(
    function: FunctionType | Flat, inputs: Mapping[str, Any], settings: Mapping[str, Any], verify: bool = False
) -> Trace:
    """Run `function` on traced `inputs` and plain `settings`.

    Arrays of floats that settings hold (an object, a dictionary or a list of parameters) are inputs too, by names of
    their own, if the run reads them.

    Args:
        verify: hold the trace against the plain function.

    Raises:
        InputError: an input is no array of finite numbers. LayerError: the function failed.
        TraceError: it does something that cannot be followed, or is another function when it is traced.
    """
    function, inputs, settings = taken_apart(function, inputs, settings)
    arrays = {name: checked(name, value) for name, value in inputs.items()}
    if not verify:
        return Recorder(function).run(function, arrays, dict(settings))
    known = trust(function, arrays, settings)
    due = known.begin()
    with same_draws(due) as again:
        unchanged = _copied(settings)
        trace = Recorder(function).run(function, arrays, dict(settings))
        if due or not known.covers(trace):
            hold(trace, arrays, unchanged, again)
            known.learn(trace)
    return trace


def record_with_constants(trace: Trace) -> Trace:
    """The same run with its constant arrays, `m = np.zeros_like(w)`, as values: all that is made of them is recorded.

    For readers of loops: in a first round, `0.9 * m` is an operation like in every other. So it is after `m = 0`, if m
    is a value later on.
    """
    recorder = Recorder(trace.callable)
    recorder.constants_recorded = True
    recorder.become_values = {step.written for step in trace.steps}
    inputs = {name: node.value for name, node in trace.inputs.items()}
    again = recorder.run(trace.callable, inputs, dict(trace.settings))
    upstream = {trace.outputs.index(node): red.value for node, red in trace.upstream.items()}
    again.backward({again.outputs[at].name or "out": value for at, value in upstream.items()})
    return again


@contextlib.contextmanager
def same_draws(wanted: bool = True) -> Iterator[Callable[[], None]]:
    """Within, calling what it gives puts NumPy's and Python's global random state back to where it was at the start.

    Unless it is `wanted`, nothing is put back: what is drawn then differs from one run to the next.
    """
    numpy, python = (sys.modules.get(name) if wanted else None for name in ("numpy.random", "random"))
    states = numpy and numpy.get_state(), python and python.getstate()

    def again() -> None:
        if numpy:
            numpy.set_state(states[0])
        if python:
            python.setstate(states[1])

    yield again


def hold(trace: Trace, inputs: Mapping[str, Any], settings: Mapping[str, Any], again: Callable[[], None]) -> None:
    """Run the plain function and compare what it returns with what was recorded.

    A function that gives other values from one plain run to the next is let off: it draws random numbers.

    Args:
        again: puts the global random state back to where it was before the trace.

    Raises:
        TraceError: they differ; it names the first step where they part.
    """
    if _agree(trace.returned, _plain_run(trace.callable, inputs, settings)):
        return
    again()
    expected = _plain_run(trace.callable, inputs, settings)
    if _agree(trace.returned, expected) or not _agree(expected, _plain_run(trace.callable, inputs, settings)):
        return  # the same, or random
    where, name = _first_difference(trace, inputs, settings)
    raise TraceError(
        f"traced, {name} has other values than in a plain run: the trace would be one of another function",
        where=where,
        fix="Something on the way to it treats traced values differently from arrays: a test of the type, an error "
        "that is swallowed, a change behind NumPy's back. Write that part in plain NumPy.",
    )


def _plain_run(function: Any, inputs: Mapping[str, Any], settings: Mapping[str, Any], call: Any = None) -> Any:
    arguments = {**{name: np.array(value) for name, value in inputs.items()}, **_copied(settings)}
    positional, keywords = as_called(function, arguments)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return (call or function)(*positional, **keywords)
        except Exception as error:  # the traced run went through: that is a difference, too
            return error


def _copied(settings: Mapping[str, Any]) -> dict[str, Any]:
    mutable = {name: value for name, value in settings.items() if type(value) not in _UNCHANGING}
    if mutable:
        with contextlib.suppress(Exception):  # what cannot be copied is handed over as it is
            return {**settings, **copy.deepcopy(mutable)}
    return dict(settings)


def _agree(one: Any, other: Any) -> bool:
    """Whether what was returned is the same: bits, but for the last ones where memory is laid out in another way."""
    ones, others = (value if isinstance(value, tuple) else (value,) for value in (one, other))
    if not any(type(value) is Traced for value in ones):
        ones, others = tuple(_parts(ones)), tuple(_parts(others))
    if len(ones) != len(others):
        return False
    for mine, its in zip(ones, others):
        if type(mine) is not Traced and not isinstance(mine, np.ndarray | float | int):
            continue
        try:
            mine = mine.node.value if type(mine) is Traced else np.asarray(mine)
            its = np.asarray(its)
        except Exception:
            return False
        if its.dtype.kind not in "fciub" or mine.shape != its.shape:
            return False
        if not (mine == its).all() and not np.array_equal(mine, its, equal_nan=mine.dtype.kind in "fc"):
            close = 1e-5 if mine.dtype == np.float32 else 1e-11
            scale = np.max(np.abs(its[np.isfinite(its)]), initial=0.0)
            if not np.allclose(mine, its, rtol=close, atol=close * scale, equal_nan=True):
                return False
    return True


def _parts(value: Any) -> Iterator[Any]:
    """What tuples, dictionaries and lists hold."""
    if isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)
    else:
        yield value


def _first_difference(trace: Trace, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[str, str]:
    """Where, and what, is the first value that the plain function computes otherwise."""
    log = _Log()
    function = trace.callable
    instrumented = instrument(function.__code__)
    if instrumented is not None:
        bound = instrumented.bind(function.function if isinstance(function, Flat) else function, log)
        _plain_run(function, inputs, settings, function.calling(bound) if isinstance(function, Flat) else bound)
    waiting = iter(log.values)
    for step in trace.steps:
        plain = next((value for line, value in waiting if line == (step.file, step.line)), None)
        if plain is None or not _agree(step.value, plain):
            return step.where, step.name
    last = trace.steps[-1]
    return last.where, "what is returned"


class _Log:
    """Reports of a plain run: notes down what is assigned, and otherwise does what the statement says."""

    class _Key:
        def __getitem__(self, key: Any) -> Any:
            return key

    key = _Key()

    def __init__(self) -> None:
        self.values: list[tuple[tuple[str, int], Any]] = []

    def _note(self, site: Site, value: Any) -> Any:
        for part in value if isinstance(value, tuple) and len(site.names) > 1 else (value,):
            if isinstance(part, np.ndarray | np.generic):
                self.values.append(((site.file, site.line), np.array(part)))
        return value

    def assign(self, site: Site, value: Any) -> Any:
        return self._note(site, value)

    result = assign

    appended = assign

    def augment(self, site: Site, operation: str, current: Any, value: Any) -> Any:
        return self._note(site, IN_PLACE_OPERATORS[operation](current, value))

    def store(self, site: Site, value: Any, container: Any, key: Any) -> None:
        container[key] = value
        self._note(site, container)

    def augment_item(self, site: Site, operation: str, container: Any, key: Any, value: Any) -> None:
        container[key] = IN_PLACE_OPERATORS[operation](container[key], value)
        self._note(site, container)

    def done(self, site: Site, value: Any) -> Any:
        return value

    def item(self, container: Any, index: Any) -> Any:
        return container[index]

    def literal(self, value: float) -> float:
        return value

    def callee(self, site: Site, function: Any) -> Any:
        instrumented = instrument(function.__code__) if type(function) is FunctionType else None
        return function if instrumented is None else instrumented.bind(function, self)

    def rounds(self, site: Site, iterable: Any) -> Any:
        return iterable

    def again(self, site: Site, test: Any) -> Any:
        return test

    def counted(self, name: str, value: Any) -> Any:
        return value

    def left(self, site: Site) -> None: ...

    def caught(self) -> None: ...
