"""What there is to show of a trace, as plain records, and their JSON form.

`view.py` collects them and `to_json` writes them out exactly. The JSON form, "backpropviz/trace" version 1, has the
records below; a field's name is its key. Where something does not exist (a gradient before the backward pass, or of a
value that none reaches) it is null, never zero. A *name* is what the code calls a value: "xhat", and "dxhat" for its
gradient. A *label* numbers a step: "3", or "2.3" inside group 2; the inputs are step "0". A *path* is a list of group
labels, outermost first. Code and formulas are NumPy expressions.

trace
    format      "backpropviz/trace"
    version     1
    layer       what was asked for: "batchnorm", "mine.py:swish"
    summary     a sentence about it, from its docstring; may be empty
    function    the function's name
    file        the name of the file it stands in
    inputs      list of input
    constants   list of constant: arrays that formulas speak of and that do not depend on the inputs
    settings    what the other arguments were, by name; text where JSON has no such value
    steps       list of step, in the order of the run
    groups      list of group, in the order of the calls
    backward    list of flow, in the order of the reverse sweep: last step first, the inputs (step "0") at the end
    outputs     list of output
    upstream    list of upstream; empty before the backward pass
    notes       list of sentences about the run

input
    name        its name
    value       array
    gradient    gradient or null

constant
    name        its name
    value       array

step (one assignment)
    label       its number
    groups      path of the groups it stands in; empty at the top
    name        the assigned name; with a version where it was used before, as in "x_2"
    code        the right-hand side as written
    formula     the same as recorded: with names of values, and numbers for other variables
    caption     the comment above it
    file        the name of the file
    line        the line in it
    operands    names of the values it was computed from
    value       array
    gradient    gradient or null
    operations  list of operation: all it computed, its own value last
    sweep       list of operation: all that its backward pass computed, in order
    explanation explanation, or null where no gradient arrives (or none was asked for)

group (one call of a function from within the layer)
    label       its number
    groups      path of the groups it was called from
    function    the called function's name
    name        the name its result was given; null without one
    code        the call as written
    caption     the comment above it
    line        the line it stands in
    operands    names of the values it uses from outside
    value       array: what it returned

gradient
    name        its name: "dxhat", or "dout" for what arrives at the output
    formula     how it was computed; null where it was given
    value       array
    terms       list of term, one for every use of the value, in the order of arrival; their sum is the gradient

term
    name        its name; with a number where there are several
    step        label of the step that used the value and sends the term; null for what arrives from outside
    consumer    name of the value that step computed
    formula     how it was computed; null where it was given
    value       array

operation (one primitive)
    primitive   its name
    formula     what it does, with operands x, y, z
    name        the name of its result, if it has one; else null
    code        how it was called here
    value       array
    gradient    array or null; null for those of a sweep

explanation (of one step's backward pass)
    meeting     a sentence about the gradients that arrive, if there are several; else null
    gates       list of gate, in the order of the sweep

gate (one primitive of a step, as it treats the gradient)
    code        how it was called
    story       what it does to a gradient, in a sentence
    shares      list of share: what its operands get

share (what a gate hands back to one operand)
    operand     the operand, as written
    gradient    the name of what it gets; null for an intermediate result
    local       the local derivative, in terms of the gate's operands
    dimensions  the formula of what it gets, with the shape of every factor; null for an intermediate result
    reasons     list of sentences: why this order of a product, why a sum

flow (one gradient, or one term of it, as the reverse sweep made it)
    step        label of the step that hands it back; "0" for the gradients of the inputs
    name        its name
    of          the name of the value it is the gradient of, or a term of; null for an intermediate result
    kind        "gradient", "term" (one of several), "sum" (of terms) or "part" (an intermediate result)
    formula     how it was computed, or the name of the gradient that is passed on unchanged
    shared      whether it is such a gradient passed on unchanged
    terms       names of the terms of a sum; empty for the others
    value       array

output
    name        its name
    value       array

upstream (the gradient that arrives at an output)
    name        its name
    of          the output's name
    origin      "given", "random", or "one" for a single number, whose own gradient is 1
    seed        what it was drawn from; null if it was not random
    value       array

array
    dtype       NumPy's name of it: "float64"
    shape       list of sizes
    data        the entries as nested lists, or one value if shape is empty; what is not finite as "NaN", "Infinity" or
                "-Infinity", which float() reads back
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from backpropviz.engine.graph import Array

# Named tuples, because fourteen frozen dataclasses take 8 ms to define: more than all the rest of `show`.

FORMAT, VERSION = "backpropviz/trace", 1


class TermView(NamedTuple):
    name: str
    step: str | None
    consumer: str | None
    formula: str | None
    value: Array


class GradientView(NamedTuple):
    name: str
    formula: str | None
    value: Array
    terms: tuple[TermView, ...]


class OperationView(NamedTuple):
    primitive: str
    formula: str
    name: str | None
    code: str
    value: Array
    gradient: Array | None


class Share(NamedTuple):
    operand: str
    gradient: str | None
    local: str
    dimensions: str | None
    reasons: tuple[str, ...]


class Gate(NamedTuple):
    code: str
    story: str
    shares: tuple[Share, ...]


class Explanation(NamedTuple):
    meeting: str | None
    gates: tuple[Gate, ...]


class InputView(NamedTuple):
    name: str
    value: Array
    gradient: GradientView | None


class ConstantView(NamedTuple):
    name: str
    value: Array


class StepView(NamedTuple):
    label: str
    groups: tuple[str, ...]
    name: str
    code: str
    formula: str
    caption: str
    file: str
    line: int
    operands: tuple[str, ...]
    value: Array
    gradient: GradientView | None
    operations: tuple[OperationView, ...]
    sweep: tuple[OperationView, ...]
    explanation: Explanation | None


class GroupView(NamedTuple):
    label: str
    groups: tuple[str, ...]
    function: str
    name: str | None
    code: str
    caption: str
    line: int
    operands: tuple[str, ...]
    value: Array


class FlowView(NamedTuple):
    step: str
    name: str
    of: str | None
    kind: str
    formula: str
    shared: bool
    terms: tuple[str, ...]
    value: Array


class OutputView(NamedTuple):
    name: str
    value: Array


class UpstreamView(NamedTuple):
    name: str
    of: str
    origin: str
    seed: int | None
    value: Array


class TraceView(NamedTuple):
    """The records of one trace. Arrays are the trace's own: a replay changes them."""

    layer: str
    summary: str
    function: str
    file: str
    inputs: tuple[InputView, ...]
    constants: tuple[ConstantView, ...]
    settings: dict[str, Any]
    steps: tuple[StepView, ...]
    groups: tuple[GroupView, ...]
    backward: tuple[FlowView, ...]
    outputs: tuple[OutputView, ...]
    upstream: tuple[UpstreamView, ...]
    notes: tuple[str, ...]

    def named(self, name: str) -> InputView | StepView:
        """The input or step called `name`.

        Raises:
            KeyError: there is none.
        """
        parts: tuple[InputView | StepView, ...] = (*self.inputs, *self.steps)
        for part in parts:
            if part.name == name:
                return part
        raise KeyError(name)

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each parameter holds: the inputs that can be learned, all but the first one."""
        return {
            part.name: part.value.size
            for part in self.inputs[1:]
            if part.value.dtype.kind == "f" and (part.gradient is not None or not self.upstream)
        }


def to_json(view: TraceView) -> dict[str, Any]:
    """The view as dicts, lists, numbers and text, exact to the last bit; the module's docstring describes it."""
    return {"format": FORMAT, "version": VERSION, **encode(view)}


def encode(value: Any) -> Any:
    """`value` as JSON takes it; what is not finite as "NaN", "Infinity" or "-Infinity"."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: encode(item) for name, item in zip(value._fields, value)}
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": _entries(value)}
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _entries(array: Array) -> Any:
    if array.dtype.kind == "c":  # pairs: the real part, the imaginary part
        return _entries(np.stack([array.real, array.imag], axis=-1))
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    return _map(_not_finite, array.tolist())


def _map(function: Any, entries: Any) -> Any:
    return [_map(function, entry) for entry in entries] if isinstance(entries, list) else function(entries)


def _not_finite(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
