"""Runs the student's lines of a worksheet, one after another, and holds every gradient against the trace.

They run on two inputs of different sizes. After the last line that sets a gradient it is compared, and its right value
takes its place: one mistake is counted once.
"""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.code.scope import scope_of
from backpropviz.diagnose.telling.page import Page, Table, furthest
from backpropviz.engine.graph import Array
from backpropviz.engine.trace import Trace
from backpropviz.errors import LayerError
from backpropviz.exercises.desk import BASE, Desk
from backpropviz.exercises.far_desk import FarDesk
from backpropviz.layers.library import Layer
from backpropviz.show.records import InputView, StepView
from backpropviz.show.view import view

OPEN, RIGHT, WRONG, LONGER = "open", "right", "wrong", "longer"
TOLERANCE = 1e-7  # of the largest entry
_SENT = (bool, int, float, str, tuple, list, dict, np.ndarray, np.generic)


def traces(
    layer: Layer, settings: dict[str, Any], shapes: dict[str, Any], loops: bool = False, seed: int = 2
) -> list[Trace]:
    """The sample run, and one with other numbers and, if the layer takes the same steps for it, one more example.

    Args:
        seed: of the other numbers.
        loops: whether loops may run more often for it.
    """
    first = layer.trace(settings, shapes=shapes, seed=1)
    name, node = next(iter(first.inputs.items()))
    longer = {**shapes, name: (node.shape[0] + 1, *node.shape[1:])} if node.shape else shapes
    second = None
    with contextlib.suppress(Exception):  # the sizes of its inputs may hang together in a way of their own
        second = layer.trace(settings, shapes=longer, seed=seed)
    if second is None or _steps(second, loops) != _steps(first, loops):
        second = layer.trace(settings, shapes=shapes, seed=seed)
    for number, trace in ((0, first), (seed, second)):
        trace.backward(seed=number)
    return [first, second]


def _steps(trace: Trace, loops: bool) -> list[tuple[int, str]]:
    names = [(step.line, step.written) if loops else (0, step.name) for step in trace.steps]
    return sorted(set(names)) if loops else names


def given(trace: Trace) -> dict[str, Any]:
    """What a student's lines can refer to on a run, besides what is the same on every run: the values by name."""
    scope = {name: value for name, value in scope_of(trace).items() if name not in BASE and not name.startswith("__")}
    return {name: value for name, value in scope.items() if value is None or isinstance(value, _SENT)}


class Run:
    """One input, and the names a student's lines can use on it.

    Raises:
        LayerError: the definitions of the worksheet fail.
    """

    def __init__(self, trace: Trace, desk: Desk | FarDesk, file: str):
        self.trace, self.desk = trace, desk
        self.shown = view(trace)
        parts: tuple[InputView | StepView, ...] = (*self.shown.inputs, *self.shown.steps)
        self.right: dict[str, Array] = {part.name: part.value for part in parts}
        self.right |= {upstream.name: upstream.value for upstream in self.shown.upstream}
        self.gradients = {flow.name: flow.value for flow in self.shown.backward}
        if failure := desk.begin(given(trace)):
            raise LayerError(f"{file} could not be graded: {failure}", fix="Does it run on its own?")
        for name, value in self.right.items():
            self.put(name, value)

    def put(self, name: str, value: Array) -> None:
        """From here on the name stands for this right value."""
        self.right[name] = value
        self.desk.put(name, value)

    def restore(self) -> list[str]:
        """Mend right values that were changed where they stand, and name them; a name that was used anew is left."""
        changed = []
        for name, array in self.desk.kept().items():
            if name not in self.right:
                continue
            if array is None:
                del self.right[name]
            elif not np.array_equal(array, self.right[name], equal_nan=True):
                changed.append(name)
                self.put(name, self.right[name])
        return changed


@dataclass
class Grade:
    status: str
    line: int = 0
    evidence: str = ""
    notes: list[str] = field(default_factory=list)
    page: Page | None = None


def as_a_whole(function: ast.FunctionDef, run: Run) -> Grade:
    """The function as it is called: what only its last line, or a line that sets no gradient, can spoil."""
    line = next((node.lineno for node in reversed(function.body) if isinstance(node, ast.Return)), function.lineno)
    inputs = [node.value.copy() for node in run.trace.inputs.values()]
    upstream = [node.value.copy() for node in run.trace.upstream.values()]
    returned, failure = run.desk.whole(run.trace.layer, inputs, upstream)
    if failure == "forward":  # it takes constants as well: the function cannot be called by itself
        return Grade(RIGHT, line)
    if "still running" in failure:
        return Grade(WRONG, line, failure.replace("it was", "the whole function was"))
    if failure:
        return Grade(WRONG, line, f"the whole function fails: {failure}")
    values = returned if isinstance(returned, tuple) else (returned,)
    right = list(run.trace.grad.values())
    if len(values) != len(right):
        return Grade(WRONG, line, f"{len(values)} gradients are returned, for {len(right)} inputs")
    for name, value, wanted in zip(run.trace.grad, values, right):
        if difference(value, wanted) and not _is_close(value, wanted):
            return Grade(
                WRONG, line, f"what is returned for {name} is not d{name}: are they in the order of the inputs?"
            )
    return Grade(RIGHT, line)


def _is_close(value: Any, wanted: Array) -> bool:
    """Equal but for rounding."""
    is_array = isinstance(value, np.ndarray | np.generic | float | int)
    return is_array and np.shape(value) == wanted.shape and np.allclose(value, wanted, rtol=1e-6, atol=1e-9)


class Grader:
    """Goes through the statements of a backward function, on all runs at once."""

    def __init__(self, function: ast.FunctionDef, runs: list[Run], names: set[str]):
        self.runs, self.name = runs, function.name
        self.places = {id(node): at for at, node in enumerate(function.body)}
        self.body = [
            node for node in function.body if not isinstance(node, ast.Return) and not _unpacks(node, function)
        ]
        self.last = {name: at for at, node in enumerate(self.body) for name in _sets(node) if name in names}

    def grades(self) -> dict[str, Grade]:
        """What every gradient that some line sets is worth, up to the first blank that is still open."""
        grades: dict[str, Grade] = {}
        before: list[str] = []  # what went wrong in lines that set no gradient
        for at, statement in enumerate(self.body):
            due = [name for name, last in self.last.items() if last == at]
            if isinstance(statement, ast.Assign) and _is_ellipsis(statement.value):
                grades |= {name: Grade(OPEN, statement.lineno) for name in due}
                continue
            failures = [run.desk.execute(self.name, self.places[id(statement)]) for run in self.runs]
            if any(failures) and not due:
                before.append(f"line {statement.lineno} failed: {next(filter(None, failures))}")
            for name in due:
                grades[name] = self._grade(name, statement.lineno, failures, before)
                before = []
            changed = {name: None for run in self.runs for name in run.restore()}
            for run in self.runs:
                for name in due:
                    run.put(name, run.gradients[name])
            for name in changed:
                note = f"line {statement.lineno} changes {name} in place: others who use it get wrong values"
                for each in due or list(grades)[-1:]:
                    grades[each].notes.append(note)
        return grades

    def _grade(self, name: str, line: int, failures: list[str], before: list[str]) -> Grade:
        if any(failures):
            return Grade(WRONG, line, "; ".join([*before, next(filter(None, failures))]))
        found = [difference(run.desk.value(name), run.gradients[name]) for run in self.runs]
        if not any(found):
            return Grade(RIGHT, line)
        evidence = next(filter(None, found))
        if not found[0]:
            shapes = [[node.shape for node in run.trace.inputs.values()] for run in self.runs]
            why = "other numbers:" if shapes[0] == shapes[1] else "one example more: is a size written as a number?"
            evidence = f"right for the sample, wrong for {why} {evidence}"
        run = next(run for run, its in zip(self.runs, found) if its)
        page = _page(name, run, on="the sample input" if run is self.runs[0] else "other numbers")
        return Grade(WRONG, line, "; ".join([*before, evidence]), page=page)


def _page(name: str, run: Run, on: str) -> Page:
    """The student's value of a gradient beside the right one, with what the layer was run on."""
    wanted, value = run.gradients[name], run.desk.value(name)
    is_array = isinstance(value, np.ndarray | np.generic | float | int) and np.asarray(value).dtype.kind in "fiub"
    near = furthest(value, wanted) if is_array and np.shape(value) == wanted.shape else ()
    arrays = {part.name: part.value for part in run.shown.inputs} | {up.name: up.value for up in run.shown.upstream}
    return Page(
        name, "", f"{name}: {difference(value, wanted)}", Table.of(name, value, near) if is_array else None,
        Table.of(name, wanted, near), tuple(Table.of(key, its) for key, its in arrays.items()),
        tuple(f"{key} = {its}" for key, its in run.trace.settings.items() if isinstance(its, int | float | str)), on,
    )  # fmt: skip


def _is_ellipsis(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is Ellipsis


def _unpacks(node: ast.stmt, function: ast.FunctionDef) -> bool:
    """Whether a statement takes the cache apart, or is the docstring: both are done already."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    cache = function.args.args[-1].arg if function.args.args else ""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == cache


def _sets(node: ast.stmt) -> set[str]:
    """The names that a statement gives a value, or changes by `+=` or through an index."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            base: ast.expr = part.value
            while isinstance(base, ast.Subscript):
                base = base.value
            found |= {base.id} if isinstance(base, ast.Name) else set()
    return found


def difference(found: Any, wanted: Array) -> str:
    """How a value differs from the right one, in words; nothing if it does not."""
    if found is None or found is Ellipsis:
        return "it has no value"
    try:
        array = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        return f"it is a {type(found).__name__}, not an array of numbers"
    if array.shape != wanted.shape:
        return f"its shape is {array.shape}, it should be {wanted.shape}" + _but_for_the_shape(array, wanted)
    with np.errstate(all="ignore"):
        gap = np.abs(array - wanted)
        scale = float(np.max(np.abs(wanted), initial=0.0))
        if np.all(gap <= TOLERANCE * (scale or 1.0)):
            return ""
        ratio = array[wanted != 0] / wanted[wanted != 0]
    if ratio.size > 1 and np.all(np.isfinite(ratio)) and np.ptp(ratio) < 1e-6 * abs(ratio[0]) and ratio[0]:
        return f"every entry is {ratio[0]:.6g} times what it should be"
    wrong = ~(gap <= TOLERANCE * (scale or 1.0))
    at = tuple(int(index) for index in np.argwhere(wrong)[0])
    place = f"[{', '.join(map(str, at))}]" if at else ""
    count = "every entry" if wrong.all() else f"{int(wrong.sum())} of {wrong.size} entries"
    verb = "differs" if wrong.all() or wrong.sum() == 1 else "differ"
    return f"{count} {verb}: the value{' at ' + place if place else ''} is {array[at]:.6g}, not {wanted[at]:.6g}"


def _but_for_the_shape(array: Array, wanted: Array) -> str:
    try:
        same = np.allclose(np.broadcast_to(array, wanted.shape), wanted, rtol=TOLERANCE)
    except ValueError:
        same = array.size == wanted.size and np.allclose(array.reshape(wanted.shape), wanted, rtol=TOLERANCE)
    return "; the numbers are right" if same else ""
