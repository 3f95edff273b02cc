"""Central differences against the trace: is every gradient what the numbers say?

The check is of L = sum(out * dout) for the trace's upstream gradient, in float64. An entry of an input, or of a step's
value, is moved by +h and -h, what depends on it is replayed, and (L(+h) - L(-h)) / 2h is held against the gradient.

Entries that differ for a good reason (a kink, rounding, what is not finite) are told, and do not count as wrong: see
`differences.py`. Where nothing could be checked at all, the check has not passed either.

What a layer holds constant (`stop_gradient`) is held while its inputs move, if the gradient does not fit otherwise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.rounds import Rounds, describe
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record
from backpropviz.errors import InputError, TraceError
from backpropviz.study.differences import Checker, Progress
from backpropviz.study.verdicts import Check, Kink, Report

__all__ = ["Check", "Kink", "Report", "gradcheck", "work"]

RELATIVE_TOLERANCE = 1e-5
"""Central differences with h = 1e-5 are good to about 1e-9; a gradient that is 0.1 % off errs by 1e-3."""

STEP_ENTRIES = 64
"""Of a step's value, at most this many entries are moved one by one; a random direction covers the others.

What a statement makes in the rounds of a loop shares them: a loop of n rounds depends on n rounds, each time.
"""


def gradcheck(
    trace: Trace,
    *,
    fast: bool = False,
    steps: bool = True,
    tolerance: float = RELATIVE_TOLERANCE,
    step_size: float = 1e-5,
    seed: int = 0,
    progress: Progress | None = None,
    chosen: str | None = None,
) -> Report:
    """Check every gradient of a trace numerically.

    Args:
        trace: a recorded run. It is recorded again in float64, so its own values are left as they were.
        fast: one random direction per gradient, all entries at once, instead of every entry.
        steps: check the gradient of every step's value too, not of the inputs alone.
        tolerance: the largest relative error that passes.
        step_size: h, times max(1, the absolute entry) for every entry that is moved.
        progress: called with the number of entries done, as the work goes on.
        chosen: the round of loops whose steps are checked, as for `Rounds`; the first without it.

    Returns:
        One `Check` per input and step that has a gradient.

    Raises:
        InputError: the tolerance is no number above 0. TraceError: no input gets a gradient.
    """
    if not 0 < tolerance < math.inf:
        raise InputError(f"the tolerance is {tolerance}", fix="Give a small number above 0, such as 1e-5.")
    upstream_is_given = any(output not in trace.drawn for output in trace.upstream)
    trace = _in_float64(trace, seed)
    if not trace.grad:
        raise TraceError(
            f"no input of {trace.function} gets a gradient: there is nothing to check",
            fix="Is the output computed from a float input at all? A comparison has no gradient.",
        )
    checker = Checker(trace, tolerance, step_size, np.random.default_rng(seed), progress or (lambda done: None))
    rounds = Rounds(trace, chosen)
    checks = [checker.check(*target, *moves) for target, moves in _targets(trace, rounds, steps, fast)]
    shown = [describe(rounds.choice(loop)) for loop in rounds.shown()] if steps else []
    notes = list(_idle(trace, upstream_is_given))
    return Report(trace.function, tolerance, step_size, checks, ", ".join(shown), notes)


_NOTHING = 1e-12  # of the largest gradient: what is left of terms that cancel


def _idle(trace: Trace, upstream_is_given: bool) -> Iterator[str]:
    """What to say of inputs whose gradient is 0 as the loss does not change with them: most mistakes would not show."""
    gradients = [node.grad for node in trace.nodes if node.grad is not None]
    largest = max(float(np.abs(grad[np.isfinite(grad)]).max(initial=0.0)) for grad in gradients)
    idle = [
        f"d{name}"
        for name, node in trace.inputs.items()
        if node.grad is not None and node.grad.size and np.abs(node.grad).max() <= _NOTHING * largest
    ]
    if not idle:
        return
    names, it = (f"{idle[0]} is", "it") if len(idle) == 1 else (f"{', '.join(idle)} are", "them")
    if all(node.value.size == 1 for node in trace.upstream):
        yield f"{names} 0 whatever the code says: the loss does not change with {it}; check with another loss"
    elif upstream_is_given:
        yield f"{names} 0 whatever the code says, with this upstream gradient; without --dout it is random"
    else:
        yield f"{names} 0 whatever the code says: the output does not change with {it}; check with other inputs"


def work(trace: Trace, *, fast: bool = False, steps: bool = True, chosen: str | None = None) -> int:
    """How many moves `gradcheck` will make, for a progress bar; the trace has to have its backward pass."""
    return sum(sum(moves) for _, moves in _targets(trace, Rounds(trace, chosen), steps, fast))


def _targets(
    trace: Trace, rounds: Rounds, steps: bool, fast: bool
) -> Iterator[tuple[tuple[Node, str, str], tuple[int, int]]]:
    """All that has a gradient, inputs (without a label) first: its node, label and name, and how it is to be moved."""
    for name, node in trace.inputs.items():
        if node.gradient is not None:
            yield (node, "", name), (0, 1) if fast else (node.value.size, 0)
    times = Counter((step.file, step.line) for step in rounds.steps)
    for step in rounds.steps if steps else []:
        if step.node.gradient is not None:
            yield (step.node, rounds.label(step), step.name), _moves(step.node, times[step.file, step.line], fast)


def _moves(node: Node, times: int, fast: bool) -> tuple[int, int]:
    """How many entries of a step's value to move one by one, and in how many random directions all together."""
    if fast:
        return 0, 1
    size, most = node.value.size, max(1, STEP_ENTRIES // times)
    return (most, 1) if size > most else (size, 0)


def _in_float64(trace: Trace, seed: int) -> Trace:
    """The trace with its backward pass, all floats in float64, in arrays that the caller does not see."""
    inputs = {n: x.value.astype(np.float64) if x.value.dtype.kind == "f" else x.value for n, x in trace.inputs.items()}
    again = record(trace.callable, inputs, trace.settings)
    upstream = {n.name: v.value.astype(np.float64) for n, v in trace.upstream.items()}
    again.backward(upstream or None, seed)
    return again
