"""Central differences against the trace: is every gradient what the numbers say?

The check is of L = sum(out * dout) for the trace's upstream gradient, in float64. An entry of an input, or of a step's
value, is moved by +h and -h, what depends on it is replayed, and (L(+h) - L(-h)) / 2h is held against the gradient.
The differences of the outputs are multiplied with dout before they are summed: what does not change cancels exactly.

Near a kink (relu at 0, a tie in a maximum) the two sides differ for good reasons. When an entry fails, the branches that
every maximum, comparison and absolute value takes at +h and -h are compared; if one switched, the entry is reported as
lying on a kink, with the place, and does not count as wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from backpropviz.graph import Array, Node
from backpropviz.replay import Plan
from backpropviz.tracing import bare
from backpropviz.trace import Trace, record, random_upstream

Progress = Callable[[int], None]

RELATIVE_TOLERANCE = 1e-5
"""Central differences with h = 1e-5 are good to about 1e-9; a gradient that is 0.1 % off errs by 1e-3."""

STEP_ENTRIES = 64
"""Of a step's value, at most this many entries are moved one by one; a random direction covers the others."""


@dataclass(frozen=True)
class Kink:
    """An entry near which the function has no single derivative."""

    index: tuple[int, ...]
    where: str


@dataclass(frozen=True)
class Check:
    """The verdict on one gradient.

    Attributes:
        name: the input or step; `step` is the step's label, empty for inputs.
        entries: how many entries were moved, of `size`; 0 and `directions` random directions for a fast check.
        error: the largest relative error, |analytic - numeric| / max(|analytic|, |numeric|, floor).
        index: where that is; None for a random direction.
        analytic, numeric: the two values there.
        kinks: entries that lie on a kink, left out of the verdict.
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


@dataclass(frozen=True)
class Report:
    """All checks of one layer, inputs first."""

    function: str
    tolerance: float
    step_size: float
    checks: list[Check]

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
) -> Report:
    """Check every gradient of a trace numerically.

    Args:
        trace: a recorded run; one that is not in float64 is recorded again in float64. Its values are left as they were.
        fast: four random directions per gradient instead of every entry.
        steps: check the gradient of every step's value too, not of the inputs alone.
        tolerance: the largest relative error that passes.
        step_size: h, times max(1, the largest absolute entry).
        progress: called with the number of entries done, as the work goes on.

    Returns:
        One `Check` per input and step that has a gradient.
    """
    trace = _in_float64(trace, seed)
    checker = _Checker(trace, tolerance, step_size, np.random.default_rng(seed), progress or (lambda done: None))
    targets = [("", name, node) for name, node in trace.inputs.items()]
    if steps:
        targets += [(step.label, step.name, step.node) for step in trace.steps]
    checks = []
    for label, name, node in targets:
        if node.gradient is None:
            continue
        size = node.value.size
        limit = size if not label else STEP_ENTRIES
        entries = np.arange(size) if size <= limit else checker.random.choice(size, limit, replace=False)
        checks.append(
            checker.check(node, label, name, entries[:0] if fast else entries, 4 if fast else int(size > limit))
        )
    return Report(trace.function, tolerance, step_size, checks)


def work(trace: Trace, *, fast: bool = False, steps: bool = True) -> int:
    """How many moves `gradcheck` will make, for a progress bar."""
    sizes = [(node.value.size, node.value.size) for node in trace.inputs.values() if node.value.dtype.kind == "f"]
    if steps:
        sizes += [(step.value.size, STEP_ENTRIES) for step in trace.steps if step.value.dtype.kind == "f"]
    return sum(4 if fast else min(size, limit) + (size > limit) for size, limit in sizes)


def _in_float64(trace: Trace, seed: int) -> Trace:
    """The trace with its backward pass, all floats in float64, in arrays that the caller does not see."""
    recording = trace.recording
    inputs = {n: x.value.astype(np.float64) if x.value.dtype.kind == "f" else x.value for n, x in trace.inputs.items()}
    again = record(trace.callable, inputs, recording.settings)
    upstream = {n.name: v.value.astype(np.float64) for n, v in trace.upstream.items()}
    again.backward(upstream or None, seed)
    return again


class _Checker:
    """Moves entries of one trace's values and looks at what the loss does."""

    def __init__(self, trace: Trace, tolerance: float, step_size: float, random: Any, progress: Progress):
        self.trace, self.tolerance, self.step_size = trace, tolerance, step_size
        self.random, self.progress = random, progress
        self.outputs = [(node, upstream.value) for node, upstream in trace.upstream.items()]
        self.kinked = [
            node for node in trace.nodes if node.primitive is not None and node.primitive.decision is not None
        ]

    def check(self, node: Node, label: str, name: str, entries: Array, directions: int) -> Check:
        gradient = node.grad
        assert gradient is not None
        plan = Plan(self.trace.nodes, [node])
        buffer = plan.buffer(node)
        h = self.step_size * max(1.0, float(np.abs(buffer).max(initial=0.0)))
        floor = 1e-6 * max(float(np.abs(gradient).max(initial=0.0)), 1e-3)
        flat, analytic = buffer.flat, gradient.reshape(-1)  # .flat writes through, whatever the memory order
        worst = (-1.0, None, 0.0, 0.0)
        kinks: list[Kink] = []
        for entry in entries.tolist():
            before = flat[entry]

            def move(amount: float, at: int = entry, start: Any = before) -> None:
                flat[at] = start + amount

            numeric = self._slope(plan, move, h)
            exact = float(analytic[entry])
            error = abs(exact - numeric) / max(abs(exact), abs(numeric), floor)
            if error > self.tolerance:
                where = self._kink(plan, move, h)
                if where is not None:
                    index = tuple(int(i) for i in np.unravel_index(entry, node.value.shape))
                    kinks.append(Kink(index, where))
                    error = -1.0
            flat[entry] = before
            if error > worst[0]:
                worst = (error, entry, exact, numeric)  # type: ignore[assignment]
            self.progress(1)
        for _ in range(directions):
            direction = self.random.standard_normal(buffer.shape)
            start = buffer.copy()

            def along(amount: float, d: Any = direction, start: Any = start) -> None:
                np.copyto(buffer, start + amount * d)

            numeric = self._slope(plan, along, h)
            exact = float(np.sum(gradient * direction))
            error = abs(exact - numeric) / max(abs(exact), abs(numeric), floor * np.sqrt(gradient.size))
            where = self._kink(plan, along, h) if error > self.tolerance else None
            np.copyto(buffer, start)
            if where is not None:
                kinks.append(Kink((), where))
            elif error > worst[0]:
                worst = (error, None, exact, numeric)
            self.progress(1)
        plan()
        error, at, exact, numeric = worst
        index = None if at is None else tuple(int(i) for i in np.unravel_index(at, node.value.shape))
        passed = bool(error <= self.tolerance)
        return Check(
            name, label, node.shape, node.value.size, len(entries), directions, max(error, 0.0), index, exact, numeric,
            passed, kinks,
        )  # fmt: skip

    def _slope(self, plan: Plan, move: Callable[[float], None], h: float) -> float:
        """(L(+h) - L(-h)) / 2h; leaves the value moved by -h."""
        move(h)
        plan()
        ahead = [plan.buffer(node).copy() for node, _ in self.outputs]
        move(-h)
        plan()
        change = sum(float(np.vdot(a - plan.buffer(node), dout)) for a, (node, dout) in zip(ahead, self.outputs))
        return change / (2 * h)

    def _kink(self, plan: Plan, move: Callable[[float], None], h: float) -> str | None:
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


def _decision(node: Node, plan: Plan) -> Array:
    assert node.primitive is not None and node.primitive.decision is not None
    return np.array(node.primitive.decision(*bare(node.args, plan.buffer), **bare(node.kwargs, plan.buffer)))
