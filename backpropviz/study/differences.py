"""Moves entries of one trace's values, replays what depends on them, and holds what the loss does against a gradient.

The differences of the outputs are multiplied with dout before they are summed: what does not change cancels exactly.
Where the examples of a batch do not see each other, one run moves an entry of each of them (`examples.py`).

An entry that fails gets a second look, for three good reasons to differ:

- A kink (relu at 0, a tie in a maximum). The branches that every maximum, comparison and absolute value takes at +h
  and -h are compared. If one switched, h is made a thousand times smaller; if one still does, the entry is reported as
  lying on a kink, with the place, and does not count as wrong.
- Rounding: a gradient that is zero by cancellation (a bias in front of a normalization) is noise on both sides. The
  slope is taken with several steps, and what they disagree by is no error; nor is what the last digit of the values
  adds up to, each times its gradient and over h. Where that is more than the gradient, nothing can be said.
- Curvature: an entry of 10,000 that matters by its hundredths (the mean of a feature that does not vary) is moved too
  far by a step of its size. Smaller ones are tried, as long as rounding leaves them digits to compare.

What is not finite is looked into by `reasons.py`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node, bare
from backpropviz.engine.replay import Plan, downstream
from backpropviz.engine.trace import Trace
from backpropviz.study.examples import are_apart, slopes
from backpropviz.study.reasons import place, reason
from backpropviz.study.verdicts import Check, Kink

Progress = Callable[[int], None]
Move = Callable[[float], None]

_STEPS = (1.0, 0.6, 0.4, 0.25, 0.15)  # a second look takes the slope with these parts of h

_SMALLER = (1e-3, 1e-6)  # parts of h that are tried where the differences are not finite

_NEARER = tuple(10.0**-power for power in range(0, 16, 2))  # parts of h that are tried where the function is curved

_DIGITS = 3e-4  # a smaller step proves a gradient if doubts are below this part of it: one that is 0.1 % off is found

_SURE = 0.05  # a gradient that differs by more than its doubts is wrong if these are below this part of it

_STRAIGHT = 1e-6  # slopes that differ by less than this part of theirs are those of a straight line


@dataclass(frozen=True)
class _Seen:
    """What a second look found: the relative error and the slope; a kink or another reason where nothing is proved."""

    error: float
    numeric: float
    kink: str = ""
    reason: str = ""


class Checker:
    """Moves entries of one trace's values and looks at what the loss does."""

    def __init__(self, trace: Trace, tolerance: float, step_size: float, random: Any, progress: Progress):
        self.trace, self.tolerance, self.step_size = trace, tolerance, step_size
        self.random, self.progress = random, progress
        self._rounded: tuple[Plan, float] | None = None
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
        infinite: list[Kink] = []
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
            numeric = math.nan if first is None or at is None else float(first[at])
            seen = _Seen(_relative(exact, numeric, least), numeric)
            if seen.error > self.tolerance:
                with np.errstate(all="ignore"):  # a move may leave the domain
                    seen = self._compare(plan, node, move, self.step_size * size, exact, least)
                move(0.0)
            if seen.kink:
                kinks.append(Kink(_index(at, node), seen.kink))
            elif seen.reason:
                (unchecked if math.isfinite(exact) else infinite).append(Kink(_index(at, node), seen.reason))
            elif seen.error > worst[0]:
                worst = (seen.error, at, exact, seen.numeric)
            if not held:
                self.progress(1)
        plan()  # what lies downstream is another check's starting point
        error, at, exact, numeric = worst
        index = None if at is None else _index(at, node)
        return Check(
            name, label, node.shape, node.value.size, len(entries), len(along), max(error, 0.0), index, exact, numeric,
            error <= self.tolerance, kinks, unchecked, infinite, [n.name or "" for n in held],
        )  # fmt: skip

    def _at_once(self, plan: Plan, node: Node, scale: Array) -> Array | None:
        """The slopes of all entries in a row, where one run can move an entry of every example; None elsewhere."""
        with np.errstate(all="ignore"):
            if not are_apart(plan, node, self.outputs):
                return None
            return slopes(plan, node, self.outputs, self.step_size * scale).reshape(-1)

    def _compare(self, plan: Plan, node: Node, move: Move, h: float, exact: float, floor: float) -> _Seen:
        """Look again: with smaller steps, for a kink, and at what rounding does."""
        for step in (h, *(h * part for part in _SMALLER)):
            numeric = self._slope(plan, move, step)
            if math.isfinite(numeric):
                break
        if not (math.isfinite(numeric) and math.isfinite(exact)):
            return _Seen(math.inf, numeric, reason=self._not_finite(plan, node, move, exact))
        h = step
        error = _relative(exact, numeric, floor)
        if error <= self.tolerance:
            return _Seen(error, numeric)
        kink = None
        for step in (h, h / 1000):
            kink = self._kink(plan, move, step)
            if kink is None:
                return self._look_again(plan, node, move, step, exact, floor)
        return _Seen(error, numeric, kink=kink or "")

    def _look_again(self, plan: Plan, node: Node, move: Move, h: float, exact: float, floor: float) -> _Seen:
        """The slope from several steps, and what of its difference to `exact` is rounding.

        A step at which both agree proves the gradient; where none does, the smallest that rounding allows decides.
        """
        wrong: _Seen | None = None
        for part in _NEARER:
            steps = [h * part * smaller for smaller in _STEPS]
            found = [self._slope(plan, move, step) for step in steps]
            numeric, spread, rounding = float(np.median(found)), max(found) - min(found), self._rounding(plan, node)
            doubt = max(spread, rounding / steps[-1])
            size = max(abs(exact), abs(numeric), floor)
            seen = _Seen(_relative(exact, numeric, floor, doubt=doubt), numeric)
            if seen.error <= self.tolerance:
                if doubt <= (_DIGITS * size if part < 1 else size):
                    return seen
                if wrong and abs(numeric - wrong.numeric) > doubt:
                    wrong = None  # that step was too long
            elif spread <= _STRAIGHT * abs(numeric):
                return seen
            elif doubt <= _SURE * size:
                wrong = seen
            if rounding / steps[-1] > _SURE * size:
                break  # it only grows with smaller steps
        largest = max(float(np.abs(other.value).max(initial=0.0)) for other in (node, *plan.nodes))
        hidden = f"rounding hides it, as values are as large as {largest:.0e}"
        return wrong or _Seen(seen.error, numeric, reason=hidden)

    def _rounding(self, plan: Plan, node: Node) -> float:
        """What the last digits of all values on the way may add to the loss: each counts by its gradient."""
        if self._rounded is None or self._rounded[0] is not plan:
            with np.errstate(all="ignore"):
                sizes = [
                    float(np.linalg.norm((other.value * other.grad).ravel()))
                    for other in (node, *plan.nodes)
                    if other.grad is not None
                ]
            self._rounded = plan, float(np.finfo(float).eps) * sum(size for size in sizes if math.isfinite(size))
        return self._rounded[1]

    def _not_finite(self, plan: Plan, node: Node, move: Move, exact: float) -> str:
        """Why an entry's gradient or differences are not finite; empty where the gradient's rule is to blame."""
        move(0.0)
        plan()
        found = reason(plan.nodes, node, math.isinf(exact))
        if found and not math.isfinite(exact):
            return f"the gradient is {exact}: {found}"
        return found or ("the differences are not finite there" if math.isfinite(exact) else "")

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
                return f"{place(node)} switches sides within h"
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
