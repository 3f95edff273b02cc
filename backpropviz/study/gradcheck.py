"""Central differences against the trace: is every gradient what the numbers say?

The check is of L = sum(out * dout) for the trace's upstream gradient, in float64. An entry of an input, or of a step's
value, is moved by +h and -h, what depends on it is replayed, and (L(+h) - L(-h)) / 2h is held against the gradient.
The differences of the outputs are multiplied with dout before they are summed: what does not change cancels exactly.
Where the examples of a batch do not see each other, one run moves an entry of each of them (`examples.py`).

An entry that fails gets a second look, for two good reasons to differ:

- A kink (relu at 0, a tie in a maximum). The branches that every maximum, comparison and absolute value takes at +h
  and -h are compared. If one switched, h is made a thousand times smaller; if one still does, the entry is reported as
  lying on a kink, with the place, and does not count as wrong.
- Rounding: a gradient that is zero by cancellation (a bias in front of a normalization) is noise on both sides. The
  slope is taken with several steps, and what they disagree by is no error.

Where the differences are not finite, as h leads out of a logarithm's domain, h is made smaller; an entry where that
does not help is reported as one that cannot be checked, and does not count as wrong.

What a layer holds constant (`stop_gradient`) is held while its inputs move, if the gradient does not fit otherwise.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node, bare
from backpropviz.engine.replay import Plan, downstream
from backpropviz.engine.rounds import Rounds, describe
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record
from backpropviz.errors import InputError, TraceError
from backpropviz.study.examples import are_apart, slopes

Progress = Callable[[int], None]
Move = Callable[[float], None]

RELATIVE_TOLERANCE = 1e-5
"""Central differences with h = 1e-5 are good to about 1e-9; a gradient that is 0.1 % off errs by 1e-3."""

STEP_ENTRIES = 64
"""Of a step's value, at most this many entries are moved one by one; a random direction covers the others.

What a statement makes in the rounds of a loop shares them: a loop of n rounds depends on n rounds, each time.
"""

_STEPS = (1.0, 0.6, 0.4, 0.25, 0.15)  # a second look takes the slope with these parts of h


_SMALLER = (1e-3, 1e-6)  # parts of h that are tried where the differences are not finite


@dataclass(frozen=True)
class Kink:
    """An entry near which the function has no single derivative, or none that differences can tell."""

    index: tuple[int, ...]
    where: str


@dataclass(frozen=True)
class Check:
    """The verdict on one gradient.

    Attributes:
        name: the input or step; `step` is the step's label, empty for inputs.
        entries: how many entries were moved, of `size`; 0 and one of the random `directions` for a fast check.
        error: the largest relative error, |analytic - numeric| / max(|analytic|, |numeric|, floor).
        index: where that is; None for a random direction.
        analytic, numeric: the two values there.
        kinks: entries that lie on a kink, left out of the verdict.
        unchecked: entries near which the differences are not finite, left out too.
        held: values that the layer holds constant (`stop_gradient`) and that were held while its inputs moved.
    """

    name: str
    step: str
    shape: tuple[int, ...]
    size: int
    entries: int
    directions: int
    error: float
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    passed: bool
    kinks: list[Kink] = field(default_factory=list)
    unchecked: list[Kink] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """All checks of one layer, inputs first; `rounds` says which round of its loops the steps are from."""

    function: str
    tolerance: float
    step_size: float
    checks: list[Check]
    rounds: str = ""

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        return {"format": "backpropviz/gradcheck", "version": 1, "passed": self.passed, **asdict(self)}


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
    trace = _in_float64(trace, seed)
    if not trace.grad:
        raise TraceError(
            f"no input of {trace.function} gets a gradient: there is nothing to check",
            fix="Is the output computed from a float input at all? A comparison has no gradient.",
        )
    checker = _Checker(trace, tolerance, step_size, np.random.default_rng(seed), progress or (lambda done: None))
    rounds = Rounds(trace, chosen)
    checks = [checker.check(*target, *moves) for target, moves in _targets(trace, rounds, steps, fast)]
    shown = [describe(rounds.choice(loop)) for loop in rounds.shown()] if steps else []
    return Report(trace.function, tolerance, step_size, checks, ", ".join(shown))


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


class _Checker:
    """Moves entries of one trace's values and looks at what the loss does."""

    def __init__(self, trace: Trace, tolerance: float, step_size: float, random: Any, progress: Progress):
        self.trace, self.tolerance, self.step_size = trace, tolerance, step_size
        self.random, self.progress = random, progress
        self.outputs = [(node, upstream.value) for node, upstream in trace.upstream.items()]
        self.largest = max(map(_largest, trace.nodes), default=0.0)
        self.kinked = [
            node for node in trace.nodes if node.primitive is not None and node.primitive.decision is not None
        ]

    def check(self, node: Node, label: str, name: str, entries: int, directions: int) -> Check:
        """Check the gradient of `node` at some of its entries, chosen at random, and along random directions."""
        chosen = np.arange(node.value.size)
        if entries < node.value.size:
            chosen = self.random.choice(node.value.size, entries, replace=False)
        along = [self.random.standard_normal(node.shape) for _ in range(directions)]
        held = self._held(node)
        check = self._check(node, label, name, chosen.tolist(), along, set())
        return self._check(node, label, name, chosen.tolist(), along, held) if held and not check.passed else check

    def _held(self, node: Node) -> set[Node]:
        """What depends on `node`, but is held constant by the layer."""
        constant = {n for n in self.trace.nodes if n.primitive is not None and n.primitive.name == "stop_gradient"}
        return constant & set(downstream(self.trace.nodes, {node})) if constant else constant

    def _check(
        self, node: Node, label: str, name: str, entries: list[int], along: list[Array], held: set[Node]
    ) -> Check:
        gradient = node.grad
        assert gradient is not None
        plan = Plan(self.trace.nodes, [node, *held])  # sources keep their values, unless moved
        buffer = plan.buffer(node)
        start = buffer.copy()
        scale = np.maximum(np.abs(start), 1.0)  # of each entry: a mask of -1e9 says nothing about its neighbours
        # what is far below the other gradients may be nothing but their rounding
        floor = max(1e-9, 1e-6 * _largest(node), 1e-7 * self.largest)
        worst: tuple[float, int | None, float, float] = (-1.0, None, 0.0, 0.0)
        kinks: list[Kink] = []
        unchecked: list[Kink] = []
        # .flat writes in any memory order
        flat, values, analytic, scales = buffer.flat, start.reshape(-1), gradient.real.reshape(-1), scale.reshape(-1)

        def move_entry(at: int, amount: float) -> None:
            flat[at] = values[at] + amount

        def move_along(direction: Array, amount: float) -> None:
            np.copyto(buffer, start + amount * direction)

        tries: list[tuple[int | None, Move, float, float, float]] = [
            (at, functools.partial(move_entry, at), float(scales[at]), float(analytic[at]), floor) for at in entries
        ]
        tries += [
            (None, functools.partial(move_along, d), 1.0, float(np.sum(gradient * d).real), floor * math.sqrt(d.size))
            for d in (scale * direction for direction in along)
        ]
        first = self._at_once(plan, node, scale) if len(entries) == node.value.size else None
        for at, move, size, exact, least in tries:
            numeric, where = math.nan if first is None or at is None else float(first[at]), None
            error = _relative(exact, numeric, least)
            if error > self.tolerance:
                with np.errstate(all="ignore"):  # a move may leave the domain
                    error, numeric, where = self._compare(plan, move, self.step_size * size, exact, least)
                move(0.0)
            if where is not None:
                kinks.append(Kink(_index(at, node), where))
            elif math.isfinite(exact) and not math.isfinite(numeric):
                unchecked.append(Kink(_index(at, node), "the differences are not finite there"))
            elif error > worst[0]:
                worst = (error, at, exact, numeric)
            if not held:
                self.progress(1)
        plan()  # what lies downstream is another check's starting point
        error, at, exact, numeric = worst
        index = None if at is None else _index(at, node)
        return Check(
            name, label, node.shape, node.value.size, len(entries), len(along), max(error, 0.0), index, exact, numeric,
            error <= self.tolerance, kinks, unchecked, [n.name or "" for n in held],
        )  # fmt: skip

    def _at_once(self, plan: Plan, node: Node, scale: Array) -> Array | None:
        """The slopes of all entries in a row, where one run can move an entry of every example; None elsewhere."""
        with np.errstate(all="ignore"):
            if not are_apart(plan, node, self.outputs):
                return None
            return slopes(plan, node, self.outputs, self.step_size * scale).reshape(-1)

    def _compare(self, plan: Plan, move: Move, h: float, exact: float, floor: float) -> tuple[float, float, str | None]:
        """The relative error, the numeric derivative, and the kink that explains the error, if one does."""
        for step in (h, *(h * part for part in _SMALLER)):
            numeric = self._slope(plan, move, step)
            if math.isfinite(numeric):
                break
        else:
            return math.inf, numeric, None
        h = step
        error = _relative(exact, numeric, floor)
        if error <= self.tolerance:
            return error, numeric, None
        where = None
        for step in (h, h / 1000):
            where = self._kink(plan, move, step)
            if where is None:
                slopes = [self._slope(plan, move, step * part) for part in _STEPS]
                numeric = float(np.median(slopes))
                return _relative(exact, numeric, floor, doubt=max(slopes) - min(slopes)), numeric, None
        return error, numeric, where

    def _slope(self, plan: Plan, move: Move, h: float) -> float:
        """(L(+h) - L(-h)) / 2h; leaves the value moved by -h."""
        move(h)
        plan()
        ahead = [plan.buffer(node).copy() for node, _ in self.outputs]
        move(-h)
        plan()
        change = sum(float(np.vdot(a - plan.buffer(node), dout)) for a, (node, dout) in zip(ahead, self.outputs))
        return change / (2 * h)

    def _kink(self, plan: Plan, move: Move, h: float) -> str | None:
        """Where a branch switches between +h and -h; None if none does."""
        moved = set(plan.nodes)
        concerned = [node for node in self.kinked if node in moved]
        if not concerned:
            return None
        sides = []
        for amount in (h, -h):
            move(amount)
            plan()
            sides.append([_decision(node, plan) for node in concerned])
        for node, ahead, behind in zip(concerned, *sides):
            if not np.array_equal(ahead, behind):
                step = f"step {node.step.label}, {node.step.name}" if node.step else "the output"
                assert node.primitive is not None
                return f"{node.primitive.formula} in {step} switches sides within h"
        return None


def _relative(exact: float, numeric: float, floor: float, doubt: float = 0.0) -> float:
    """|exact - numeric| beyond `doubt`, over the larger of both; infinite where one is not a number."""
    if not (math.isfinite(exact) and math.isfinite(numeric) and math.isfinite(doubt)):
        return float("inf")
    return max(abs(exact - numeric) - doubt, 0.0) / max(abs(exact), abs(numeric), floor)


def _largest(node: Node) -> float:
    return 0.0 if node.grad is None else float(np.abs(node.grad).max(initial=0.0))


def _index(entry: int | None, node: Node) -> tuple[int, ...]:
    return () if entry is None else tuple(int(i) for i in np.unravel_index(entry, node.shape))


def _decision(node: Node, plan: Plan) -> Array:
    assert node.primitive is not None
    assert node.primitive.decision is not None
    return np.array(node.primitive.decision(*bare(node.args, plan.buffer), **bare(node.kwargs, plan.buffer)))
