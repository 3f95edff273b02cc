"""Grades the backward pass of a worksheet with loops: every gradient of a body, in every round of its loop.

The student's function runs beside the solved one. After the last line of a body that sets a gradient it is held against
what the solved one has there in the same round, and the right value takes its place: one mistake is counted once.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from backpropviz.code.listing import Listing
from backpropviz.code.shelves import given as arguments_of
from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace
from backpropviz.errors import LayerError
from backpropviz.exercises.desk import Desk, run_in_rounds
from backpropviz.exercises.far_desk import FarDesk
from backpropviz.exercises.grader import OPEN, RIGHT, WRONG, Grade, difference, given
from backpropviz.exercises.looped import Body, LoopBlank
from backpropviz.exercises.prepared import Key, Prepared

LATER = "later"  # not looked at yet


@dataclass
class _Reference:
    """What the solved function computes: for every blank its values in the order of the rounds."""

    values: dict[Key, list[Any]] = field(default_factory=dict)
    returned: Any = None

    def meet(self, body: Body, name: str, value: Any, rounds: dict[str, Any]) -> Any:
        self.values.setdefault((body, name), []).append(copy.deepcopy(value))
        return value


class _Failure(NamedTuple):
    """What ended a run: the line it came from, and what is said of it."""

    line: int
    told: str


def _run(
    trace: Trace, code: Listing, judge: _Reference | _Comparison, run: Callable[..., tuple[Any, int, str]]
) -> _Failure | None:  # fmt: skip
    """Run forward and backward; what went wrong, if anything."""
    settings = {name: plain(value) for name, value in trace.settings.items()}
    arguments = arguments_of(trace, code)
    upstream, inputs = arguments[: len(code.upstream)], arguments[len(code.upstream) :]
    judge.returned, line, failure = run(given(trace), inputs, upstream, settings, judge.meet)
    return _Failure(line, failure) if failure else None


class _Comparison:
    """Holds what the student's function computes against the reference."""

    def __init__(self, reference: _Reference):
        self.reference = reference
        self.returned: Any = None
        self.met: dict[Key, list[tuple[str, str]]] = {}  # for every round met: how it differs, and which round it is

    def meet(self, body: Body, name: str, value: Any, rounds: dict[str, Any]) -> Any:
        met = self.met.setdefault((body, name), [])
        wanted = self.reference.values[body, name]
        if len(met) >= len(wanted):
            raise LayerError("its loops run more often than those that were given", fix="Leave the loops as they are.")
        right = wanted[len(met)]
        differs = _differs(value, right)
        if differs and self._lacks_what_was_handed_on(body, name, value, right, len(met)):
            differs = f"the gradient that the round before handed on, {name}, is missing"
        counted = {each: its for each, its in rounds.items() if isinstance(its, int | str)}  # no W of `for W in Ws`
        met.append((differs, ", ".join(f"{each} = {its}" for each, its in counted.items())))
        return copy.deepcopy(right)

    def _lacks_what_was_handed_on(self, body: Body, name: str, value: Any, right: Any, at: int) -> bool:
        handed = self.reference.values.get((body, f"{name}_last"), [])[:at]
        if not handed or np.shape(value) != np.shape(right) or np.shape(handed[-1]) != np.shape(right):
            return False
        return not difference(np.asarray(value) + handed[-1], np.asarray(right))


def grades(
    function: ast.FunctionDef, desk: Desk | FarDesk, solved: ast.Module, blanks: Sequence[LoopBlank],
    traces: list[Trace], code: Listing,
) -> dict[Key, Grade]:  # fmt: skip
    """What every blank is worth, that some line fills in.

    Args:
        function: the student's. desk: where it runs. solved: the same file with the solutions. code: what both are
            called with.
    """
    lines = _given(solved, function.name, blanks)
    keys = {(blank.body, blank.name) for blank in blanks}
    prepared = Prepared(keys, lines)
    prepared.function(function)
    found: dict[Key, Grade] = {
        key: Grade(OPEN, line) if key in prepared.open else Grade(RIGHT, line) for key, line in prepared.lines.items()
    }
    other = next(node for node in solved.body if isinstance(node, ast.FunctionDef) and node.name == function.name)
    wanted = Prepared(keys, lines).function(other)
    for number, trace in enumerate(traces):
        reference = _Reference()
        failed = _run(trace, code, reference, partial(run_in_rounds, trace.layer, wanted, solved))
        if failed or len(reference.values) < len(blanks):
            continue  # sizes of this kind are not what the worksheet was written for
        comparison = _Comparison(reference)
        failure = _run(trace, code, comparison, partial(desk.in_rounds, trace.layer, keys, lines))
        told = "right for the sample, wrong for other inputs: " * bool(number)
        for key, grade in found.items():
            met = comparison.met.get(key, [])
            if grade.status != RIGHT:
                continue
            evidence = _evidence(met)
            if evidence:
                found[key] = Grade(WRONG, grade.line, told + evidence)
            elif len(met) < len(reference.values[key]):
                found[key] = _not_reached(grade, found, failure)
        if all(grade.status == RIGHT for grade in found.values()):
            found |= _as_returned(function, reference.returned, comparison.returned, failure)
    return found


def _differs(value: Any, right: Any) -> str:
    """How a value differs from the right one, which may be a dictionary or a list of arrays; nothing if it does not."""
    if not isinstance(right, dict | list):
        return difference(value, np.asarray(right))
    if type(value) is not type(right) or len(value) != len(right):
        return f"it is no {type(right).__name__} of {len(right)} arrays"
    places = right if isinstance(right, dict) else range(len(right))
    for at in places:
        if isinstance(value, dict) and at not in value:
            return f"it has no entry {at!r}"
        if differs := _differs(value[at], right[at]):
            return f"its entry {at!r}: {differs}"
    return ""


def _as_returned(function: ast.FunctionDef, wanted: Any, found: Any, failure: _Failure | None) -> dict[Key, Grade]:
    """What only the last line can spoil: the gradients, in the order of the inputs."""
    line = next((node.lineno for node in reversed(function.body) if isinstance(node, ast.Return)), function.lineno)
    pairs = [value if isinstance(value, tuple) else (value,) for value in (wanted, found)]
    same = len(pairs[0]) == len(pairs[1]) and not any(_differs(b, a) for a, b in zip(*pairs))
    told = failure.told if failure else "what is returned are not the gradients, in the order of the inputs"
    return {} if same and not failure else {((), "return"): Grade(WRONG, line, told)}


def _not_reached(grade: Grade, found: dict[Key, Grade], failure: _Failure | None) -> Grade:
    """A gradient that not every round came to: the line at fault is the first at or after the one that failed."""
    if failure is None:
        return Grade(WRONG, grade.line, "not every round of the loop comes to it")
    at_fault = min((each.line for each in found.values() if each.line >= failure.line), default=grade.line)
    return Grade(WRONG, grade.line, failure.told) if grade.line == at_fault else Grade(LATER, grade.line)


def _evidence(met: list[tuple[str, str]]) -> str:
    """How a gradient differs, and in which rounds; nothing if it does not."""
    at = next((at for at, (differs, _) in enumerate(met) if differs), None)
    if at is None:
        return ""
    differs, where = met[at]
    if not at:
        return differs if len(met) == 1 else f"wrong from the first round that runs, {where}: {differs}"
    return f"right in {at} round{'s' * (at > 1)}, from {met[0][1]}; wrong from {where} on: {differs}"


def _given(solved: ast.Module, name: str, blanks: Sequence[LoopBlank]) -> set[str]:
    """The lines of the backward pass that the worksheet gives."""
    solutions = {ast.unparse(ast.parse(line)) for blank in blanks for line in blank.solution}
    function = next(node for node in solved.body if isinstance(node, ast.FunctionDef) and node.name == name)
    lines = {ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.stmt)}
    return lines - solutions
