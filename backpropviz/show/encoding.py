"""The records of a trace as JSON, exact to the last bit.

The JSON form, "backpropviz/trace" version 1, has the
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
    loops       list of loop, in the order they began; without --expand, steps and groups are of one round
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
    statement   `out[n] = v`, where it sets a part of an array; else null
    loops       list of numbers: the loops it stands in, outermost first, as places in the trace's list, from 0
    rounds      list of numbers: the rounds of these

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
    loops       list of numbers: the loops it was called in, as of a step

loop (one run of a `for` or `while`)
    label       the numbers of its first and last step: "2-4"
    groups      path of the groups it stands in
    loops       list of numbers: the loops it stands in
    head        as written: "for t in range(T)"
    file        the name of the file
    line        the line in it
    times       how many rounds it ran
    others      how many of them made other steps than the one shown
    expanded    whether all rounds are shown
    round       the number of the one that is shown, counted from 0; null if it is expanded
    shown       that round in words: "t = 0"; empty if it is expanded
    carried     list of carried
    added       list of added

carried (a value that the round shown takes over from the round before it, and hands on)
    name        as written
    before_name its name before the round
    before      array
    after_name  its name after the round
    after       array
    filled      whether it is an array that the round writes into
    formula     of the gradient that the round hands to the round before it; null without one
    handed      array: that gradient; or null
    arriving    array: the gradient that arrives from the round after it, or from behind the loop; or null

added (the gradient of a value from outside of the loop, to which every round adds its share)
    name        its name
    of          the name of the value
    formulas    list of statements that add: "dw[f] += ..."
    before      array: what the rounds after it, and what stands behind the loop, have added up
    share       array: what this round adds
    after       array: what it hands to the round before it

gradient
    name        its name: "dxhat", or "dout" for what arrives at the output
    formula     how it was computed; null where it was given
    value       array
    terms       list of term, one for every use of the value, in the order of arrival; their sum is the gradient

term
    name        its name; with a number where there are several
    step        label of the step that used the value and sends the term; null for what arrives from outside
    consumer    name of the value that step computed
    formula     how it was computed; null where it was given; of several rounds, the statement that adds a share
    value       array
    rounds      the rounds that send it, where no step that is shown does: "the round after", "48 rounds"; else null
    shown       of the rounds of a comprehension that for which the formula is written, "i = 0"; else empty

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
    summed      list of the axes of the gate's result along which what the operand gets is added up: along these it was
                broadcast

flow (one gradient, or one term of it, as the reverse sweep made it)
    step        label of the step that hands it back; "0" for the gradients of the inputs
    name        its name
    of          the name of the value it is the gradient of, or a term of; null for an intermediate result
    kind        "gradient", "term" (one of several), "sum" (of terms), "part" (an intermediate result) or "added" (what
                a round adds to the gradient of a value from outside of its loop)
    formula     how it was computed, or the name of the gradient that is passed on unchanged; a statement if it is added
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
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.show.records import TraceView

FORMAT, VERSION = "backpropviz/trace", 1


def to_json(view: TraceView) -> dict[str, Any]:
    """The view as dicts, lists, numbers and text, exact to the last bit; the docstring of this module describes it."""
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
