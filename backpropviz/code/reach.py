"""What derived code says of how far it reaches: it is run on other sizes and settings than those of its sample.

Sizes are followed by rules, and settings by their names; where a function leaves what the rules know (a slice that is
cut short at the end of an axis, a number that a call made of a setting), its code may be that of the sample alone. No
rule can tell that, a run does.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.code.listing import Listing
from backpropviz.code.shelves import by_input, given
from backpropviz.engine.named import plain
from backpropviz.engine.recording import Recorder
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import same_draws
from backpropviz.errors import BackpropvizError

Axes = list[tuple[str, int]]
_LARGEST = 3000  # operations: of more, a run for each size takes longer than the code itself
_SIZES = 8  # different lengths that are tried


def is_right(trace: Trace, code: Listing) -> bool:
    """Whether code, run on the recorded inputs, gives the recorded gradients."""
    scope: dict[str, Any] = {}
    settings = {name: plain(trace.settings[name]) for name in code.settings}
    try:
        exec(str(code), scope)
        with np.errstate(all="ignore"):
            found = by_input(trace, code, scope[code.name](*given(trace, code), *code.constants.values(), **settings))
    except Exception:
        return False
    return all(is_close(found[name], gradient) for name, gradient in trace.grad.items())


def is_close(found: Any, right: Any) -> bool:
    """Whether an array is another, but for rounding."""
    scale = np.max(np.abs(right), initial=0.0)
    return np.shape(found) == right.shape and np.allclose(found, right, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def as_far(trace: Trace, write: Callable[[Trace], Listing], holds: Callable[[Trace, Listing], bool]) -> Listing:
    """Code of a run, with a remark for every size and every setting that may not be another: the function runs there,
    and its code is wrong.

    Where the code of the other run is right of both, it is taken: there a slice may be cut short that is whole here.

    Args:
        write: writes the code of a run. holds: whether code is right of a run.

    Not tried are methods, which may change their object when they run, very long runs, and code that is given arrays
    which the function made for its sample.
    """
    code = write(trace)
    if code.constants or len(trace.nodes) > _LARGEST or type(trace.callable) is not FunctionType:
        return code
    remarks: dict[str, str] = {}
    with same_draws() as as_before:
        for what, is_, other, run in _others(trace):
            if what in remarks or not _alike(trace, run) or holds(run, code):
                continue
            further = write(run) if what not in trace.settings else code
            if not further.constants and holds(trace, further) and holds(run, further):
                code = further
            else:
                remarks[what] = f"it holds for {what} = {is_}, and not for {what} = {other}"
        as_before()
    code.remarks += remarks.values()
    return code


def _alike(trace: Trace, run: Trace) -> bool:
    """Whether a run does what the sample's does: it decides alike, and nothing is broadcast that was not.

    Sizes that do not go together often run: `a[:, 3 * H:]` of too few columns has one that is spread over all.
    """
    decided = [{truth for _, truth in each.decisions} for each in (trace, run)]
    return decided[0] == decided[1] and _spread(run) <= _spread(trace)


def _spread(trace: Trace) -> set[tuple[Any, ...]]:
    """Which operations have operands of other shapes than their own, by the lines that they stand in."""
    return {
        (
            node.step and node.step.line,
            node.primitive.name,
            tuple(parent.shape == node.shape for parent in node.parents),
        )
        for node in trace.nodes
        if node.primitive is not None and node.primitive.elementwise
    }


def _others(trace: Trace) -> Iterator[tuple[str, Any, Any, Trace]]:
    """What is another, what it was and is, and the run; where the function refuses it, there is none."""
    axes = [(name, axis) for name, node in trace.inputs.items() for axis in range(node.value.ndim)]
    length_of = {(name, axis): trace.inputs[name].shape[axis] for name, axis in axes}
    for length in [length for length in dict.fromkeys(length_of.values()) if length > 1][:_SIZES]:
        alike = [place for place in axes if length_of[place] == length]
        for other in (length + 1, length - 1):
            for chosen in (alike, alike[:1])[: len(alike)]:
                run = _run(trace, {name: _resized(trace, name, chosen, other) for name in trace.inputs}, {})
                if run is not None:
                    name, axis = chosen[0]
                    yield f"{name}.shape[{axis}]", length, other, run
                    break
    arrays = {name: node.value for name, node in trace.inputs.items()}
    for name, value in trace.settings.items():
        bare = plain(value)
        if type(bare) in (int, float) and np.isfinite(bare):
            others = (bare + 1, bare - 1) if type(bare) is int else (bare * 1.25 or 0.25,)
            runs = ((its, _run(trace, arrays, {name: its})) for its in others)
            yield from [(name, bare, its, run) for its, run in runs if run is not None][:1]


def _resized(trace: Trace, name: str, axes: Axes, length: int) -> Any:
    """An input with axes of another length: its entries again, floats each a little off, so that none are equal."""
    value = trace.inputs[name].value
    changed = [axis for its, axis in axes if its == name]
    for axis in changed:
        value = np.take(value, np.arange(length), axis=axis, mode="wrap")
    if not changed or value.dtype.kind != "f":
        return value
    off = 1 + 0.05 * np.random.default_rng(len(name)).standard_normal(value.shape)
    return (value * off).astype(value.dtype)


def _run(trace: Trace, inputs: Mapping[str, Any], changed: dict[str, Any]) -> Trace | None:
    """The function once more, and back from random gradients; None where it fails."""
    settings = {name: plain(value) for name, value in trace.settings.items()} | changed
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            run = Recorder(trace.callable).run(trace.callable, dict(inputs), settings)
            nodes = [run.outputs[trace.outputs.index(node)] for node in trace.upstream]
            random = np.random.default_rng(0)
            run.backward({node.name or "out": random.standard_normal(node.shape) for node in nodes})
        except (BackpropvizError, ArithmeticError, LookupError, TypeError, ValueError):
            return None
    names = [[[*each.inputs], [*each.grad], [node.name for node in each.outputs]] for each in (trace, run)]
    finite = all(np.isfinite(gradient).all() for gradient in run.grad.values())
    return run if names[0] == names[1] and finite else None
