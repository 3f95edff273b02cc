"""Runs the other ways to compute a layer that its file carries: how far they are apart, and how fast each is.

Forward alternatives take the layer's inputs and those of its settings that they know; a run that is given another is
none of theirs. Backward alternatives take the upstream gradient and any inputs, steps or settings of the layer by name,
and return the inputs' gradients in the order of the inputs.
"""

from __future__ import annotations

import inspect
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.engine.replay import Plan
from backpropviz.engine.trace import Trace
from backpropviz.errors import LayerError
from backpropviz.layers.library import Layer
from backpropviz.text import file_name

CLOSED, RECORDED = "closed form", "the recorded steps"


@dataclass(frozen=True)
class Contender:
    """One way to compute a pass.

    Attributes:
        way: "forward" or "backward".
        difference: the largest absolute difference to the layer's own values.
        microseconds: the median time of one call.
        ratio: how many times faster than the first of its kind (0.5: twice as slow).
        reported: the ratio that a source of the layer reports, if any.
    """

    way: str
    name: str
    story: str
    difference: float
    microseconds: float
    ratio: float
    reported: float | None


@dataclass(frozen=True)
class Comparison:
    """All contenders at one size; the first of each way is the one that the others are measured against."""

    layer: str
    shapes: dict[str, tuple[int, ...]]
    rounds: int
    contenders: list[Contender]

    def to_dict(self) -> dict[str, Any]:
        return {"format": "backpropviz/compare", "version": 1, **asdict(self)}


def compare(layer: Layer, trace: Trace, *, seconds: float = 0.2, closed: bool = False) -> Comparison:
    """Run the layer and its alternatives on the same input.

    All take turns in the same rounds, so that a machine that slows down slows all of them; the median of the rounds is
    the time of each.

    Args:
        layer: a layer whose file has `ALTERNATIVES = {"forward": [...], "backward": [...]}`.
        trace: a run of it, with its backward pass.
        seconds: how long to measure, about; at least three rounds.
        closed: whether a closed form is searched, and measured too.

    Raises:
        LayerError: the file has no alternatives, or one asks for a value that the layer does not have.
    """
    alternatives: dict[str, list[FunctionType]] = getattr(layer.module, "ALTERNATIVES", {})
    if not alternatives and not closed:
        raise LayerError(
            f"{layer.name} has no other way to compute it",
            where=layer.where,
            fix='Put some in its file: ALTERNATIVES = {"forward": [other_way], "backward": [simplified]}.',
        )
    reported: dict[str, float] = getattr(layer.module, "REPORTED", {})
    contenders = []
    shapes = {name: node.shape for name, node in trace.inputs.items()}
    entries = [
        *_forward(layer, trace, alternatives.get("forward", [])),
        *_backward(trace, alternatives.get("backward", []), _closed(layer, trace) if closed else []),
    ]
    if not entries:
        raise LayerError(
            f"nothing shorter was found for {layer.name}, and it has no other way to compute it",
            where=layer.where,
            fix='Put some in its file: ALTERNATIVES = {"forward": [other_way], "backward": [simplified]}.',
        )
    times, rounds = medians([call for *_, call in entries], seconds)
    first: dict[str, float] = {}
    for (way, name, story, difference, _), elapsed in zip(entries, times):
        base = first.setdefault(way, elapsed)
        ratio = base / elapsed
        contenders.append(Contender(way, name, story, difference, elapsed * 1e6, ratio, reported.get(name)))
    return Comparison(layer.name, shapes, rounds, contenders)


Entry = tuple[str, str, str, float, Callable[[], Any]]


def _forward(layer: Layer, trace: Trace, functions: list[FunctionType]) -> list[Entry]:
    usual = inspect.signature(layer.function).parameters
    told = {
        name
        for name, value in trace.settings.items()
        if name in usual and not np.array_equal(value, usual[name].default)
    }
    functions = [way for way in functions if {*trace.inputs, *told} <= {*inspect.signature(way).parameters}]
    if not functions:
        return []
    arguments = _arguments(trace)
    entries: list[Entry] = []
    for function in [layer.function, *functions]:
        call = _bind(function, arguments)
        difference = _difference([_first(_try(function, call))], [trace.output])
        entries.append(("forward", function.__name__, _story(function), difference, call))
    return entries


def _closed(layer: Layer, trace: Trace) -> list[Entry]:
    """The closed form that a search finds, with the forward values at hand; none where nothing is shorter."""
    from backpropviz.study.closed.form import closed_form  # takes seconds
    from backpropviz.study.closed.scenes import Scene, scene

    form = closed_form(layer)
    if not form.is_shorter:
        return []
    given = {str(red.name) for red in trace.upstream.values()}
    run = Scene(trace) if given >= {*form.program.listing.upstream} else scene(trace)  # one gradient of several outputs
    call = form.program.alone(run.arguments(form.program.listing))
    story = f"Found by search: {form.after} operations in place of {form.before}."
    return [("backward", CLOSED, story, _difference(list(call()), list(trace.grad.values())), call)]


def _backward(trace: Trace, functions: list[FunctionType], found: list[Entry]) -> list[Entry]:
    if not functions and not found:
        return []
    values = _arguments(trace)
    values |= {step.name: step.value for step in trace.steps} | {"dout": trace.dout}
    values |= {step.written: step.value for step in trace.steps if step.sets_a_part}  # what a loop fills, filled
    entries: list[Entry] = []
    for function in functions:
        call = _bind(function, values)
        gradients = _try(function, call)
        gradients = list(gradients) if isinstance(gradients, tuple) else [gradients]
        entries.append(
            ("backward", function.__name__, _story(function), _difference(gradients, list(trace.grad.values())), call)
        )
    entries += found
    plan = Plan(trace.red.nodes, trace.upstream.values())
    entries.append(("backward", RECORDED, "Every step of the trace, replayed into its own arrays.", 0.0, plan))
    return entries


def _arguments(trace: Trace) -> dict[str, Any]:
    return {**trace.settings, **{name: node.value for name, node in trace.inputs.items()}}


def _bind(function: FunctionType, values: Mapping[str, Any]) -> Callable[[], Any]:
    wanted = inspect.signature(function).parameters
    missing = [name for name, p in wanted.items() if name not in values and p.default is p.empty]
    if missing:
        raise LayerError(
            f"{function.__name__} asks for {', '.join(missing)}, which the layer does not compute here",
            where=_where(function),
            fix=f"Name inputs, steps or settings of the layer: {', '.join(values)}.",
        )
    chosen = {name: _shielded(values[name]) for name in wanted if name in values}
    positional = [chosen.pop(n) for n, p in wanted.items() if n in chosen and p.kind is not p.KEYWORD_ONLY]
    return partial(function, *positional, **chosen)


def _where(function: FunctionType) -> str:
    return f"{file_name(function.__code__.co_filename)}:{function.__code__.co_firstlineno}"


def _shielded(value: Any) -> Any:
    """An array that all contenders share, and none of them may change."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _try(function: FunctionType, call: Callable[[], Any]) -> Any:
    try:
        start = time.perf_counter()
        result = call()
        call.once = time.perf_counter() - start  # type: ignore[attr-defined]
        return result
    except Exception as error:
        greedy = "read-only" in str(error) or "non-writeable" in str(error)
        fix = "It changes an array it was given: let it work on a copy." if greedy else "Run it once on the same input."
        raise LayerError(
            f"{function.__name__} failed with {type(error).__name__}: {error}", where=_where(function), fix=fix
        ) from error


def _first(value: Any) -> Array:
    return np.asarray(value[0] if isinstance(value, tuple) else value)


def _story(function: FunctionType) -> str:
    return (inspect.getdoc(function) or "").split("\n")[0]


def _difference(got: list[Any], expected: list[Any]) -> float:
    """The largest absolute difference; infinite where shapes differ, or numbers are not finite."""
    if len(got) != len(expected) or any(np.shape(a) != np.shape(b) for a, b in zip(got, expected)):
        return float("inf")
    largest = max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(got, expected))
    return largest if np.isfinite(largest) else float("inf")


_LONG = 0.01
"""Seconds; what takes longer is not called once more only to learn how long it takes."""


def medians(
    calls: Sequence[Callable[[], Any]], seconds: float, clock: Callable[[], float] = time.perf_counter
) -> tuple[list[float], int]:
    """The median time of one call of each, taken in turns, and the number of rounds.

    Args:
        seconds: how long to measure, about; at least three rounds. clock: what tells the time.
    """
    repeats = []
    for call in calls:
        once = getattr(call, "once", 0.0)
        if once < _LONG:  # the first call of a short one says too little
            start = clock()
            call()
            once = clock() - start
        # short calls are repeated, so that neither the clock's resolution nor a short interruption counts
        repeats.append(max(1, int(1e-3 / max(once, 1e-7))))
    samples: list[list[float]] = [[] for _ in calls]
    end = clock() + seconds
    while len(samples[0]) < 3 or (clock() < end and len(samples[0]) < 2000):
        for call, repeat, sample in zip(calls, repeats, samples):
            start = clock()
            for _ in range(repeat):
                call()
            sample.append((clock() - start) / repeat)
    return [statistics.median(sample) for sample in samples], len(samples[0])
