"""Grades the backward pass of a worksheet with loops: every gradient of a body, in every round of its loop.

The student's function runs beside the solved one. After the last line of a body that sets a gradient it is held against
what the solved one has there in the same round, and the right value takes its place: one mistake is counted once.
"""

from __future__ import annotations

import ast
import copy
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from backpropviz.code.scope import scope_of
from backpropviz.diagnose.student.work import TICK, WORK, TooMuch, counted, work_limit
from backpropviz.engine.trace import Trace
from backpropviz.errors import LayerError
from backpropviz.exercises.grader import OPEN, RIGHT, ROUNDS, WRONG, Grade, difference
from backpropviz.exercises.looped import Body, LoopBlank, target

_MEET, _FILE = "__meet__", "worksheet"
LATER = "later"  # not looked at yet
_Key = tuple[Body, str]


@dataclass
class _Reference:
    """What the solved function computes: for every blank its values in the order of the rounds."""

    values: dict[_Key, list[Any]] = field(default_factory=dict)
    returned: Any = None

    def meet(self, body: Body, name: str, value: Any, rounds: dict[str, Any]) -> Any:
        self.values.setdefault((body, name), []).append(copy.deepcopy(value))
        return value


class _Failure(NamedTuple):
    """What ended a run: the line it came from, and what is said of it."""

    line: int
    told: str


class _Comparison:
    """Holds what the student's function computes against the reference."""

    def __init__(self, reference: _Reference):
        self.reference = reference
        self.returned: Any = None
        self.met: dict[_Key, list[tuple[str, str]]] = {}  # for every round met: how it differs, and which round it is

    def meet(self, body: Body, name: str, value: Any, rounds: dict[str, Any]) -> Any:
        met = self.met.setdefault((body, name), [])
        wanted = self.reference.values[body, name]
        if len(met) >= len(wanted):
            raise LayerError("its loops run more often than those that were given", fix="Leave the loops as they are.")
        right = wanted[len(met)]
        met.append((difference(value, np.asarray(right)), ", ".join(f"{n} = {v}" for n, v in rounds.items())))
        return copy.deepcopy(right)


def grades(
    function: ast.FunctionDef, module: ast.Module, solved: ast.Module, blanks: Sequence[LoopBlank], traces: list[Trace]
) -> dict[_Key, Grade]:
    """What every blank is worth, that some line fills in.

    Args:
        function: the student's. module: its file. solved: the same file with the solutions.
    """
    given = _given(solved, function.name, blanks)
    prepared = _Prepared({(blank.body, blank.name) for blank in blanks}, given)
    own = prepared.function(function)
    found: dict[_Key, Grade] = {
        key: Grade(OPEN, line) if key in prepared.open else Grade(RIGHT, line) for key, line in prepared.lines.items()
    }
    other = next(node for node in solved.body if isinstance(node, ast.FunctionDef) and node.name == function.name)
    wanted = _Prepared({(blank.body, blank.name) for blank in blanks}, given).function(other)
    for number, trace in enumerate(traces):
        reference = _Reference()
        failed = _run(wanted, solved, trace, reference)
        if failed or len(reference.values) < len(blanks):
            continue  # sizes of this kind are not what the worksheet was written for
        comparison = _Comparison(reference)
        failure = _run(own, module, trace, comparison)
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


def _as_returned(function: ast.FunctionDef, wanted: Any, found: Any, failure: _Failure | None) -> dict[_Key, Grade]:
    """What only the last line can spoil: the gradients, in the order of the inputs."""
    line = next((node.lineno for node in reversed(function.body) if isinstance(node, ast.Return)), function.lineno)
    pairs = [value if isinstance(value, tuple) else (value,) for value in (wanted, found)]
    same = len(pairs[0]) == len(pairs[1]) and not any(difference(b, np.asarray(a)) for a, b in zip(*pairs))
    told = failure.told if failure else "what is returned are not the gradients, in the order of the inputs"
    return {} if same and not failure else {((), "return"): Grade(WRONG, line, told)}


def _not_reached(grade: Grade, found: dict[_Key, Grade], failure: _Failure | None) -> Grade:
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


def _run(
    function: ast.FunctionDef, module: ast.Module, trace: Trace, judge: _Reference | _Comparison
) -> _Failure | None:
    """Run forward and backward; what went wrong, if anything."""
    forward = f"{trace.layer}_forward"
    body = [
        node for node in module.body if not (isinstance(node, ast.Expr) or getattr(node, "name", "") == function.name)
    ]
    scope: dict[str, Any] = {**scope_of(trace), TICK: WORK.tick, _MEET: judge.meet}
    changed = ast.fix_missing_locations(ast.Module([*body, copy.deepcopy(function)], []))
    try:
        with work_limit(ROUNDS), np.errstate(all="ignore"):
            with counted(changed):
                exec(compile(changed, _FILE, "exec"), scope)
            *_, cache = scope[forward](
                *(node.value.copy() for node in trace.inputs.values()), **_settings(trace, scope[forward])
            )
            judge.returned = scope[function.name](*(red.value.copy() for red in trace.upstream.values()), cache)
    except LayerError:
        raise
    except TooMuch as error:
        return _Failure(_line(error), f"it was still running after {ROUNDS} rounds of its loops")
    except (Exception, SystemExit) as error:
        return _Failure(_line(error), f"{type(error).__name__}: {error}")
    return None


def _line(error: BaseException) -> int:
    """The last line of the worksheet that an error came through."""
    frames = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    return frames[-1] if frames else 0


def _settings(trace: Trace, forward: Any) -> dict[str, Any]:
    from backpropviz.engine.named import plain

    code = forward.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return {name: plain(trace.settings[name]) for name in names}


def _given(solved: ast.Module, name: str, blanks: Sequence[LoopBlank]) -> set[str]:
    """The lines of the backward pass that the worksheet gives."""
    solutions = {ast.unparse(ast.parse(line)) for blank in blanks for line in blank.solution}
    function = next(node for node in solved.body if isinstance(node, ast.FunctionDef) and node.name == name)
    lines = {ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.stmt)}
    return lines - solutions


class _Prepared:
    """Writes into a backward function where its gradients are looked at.

    Attributes:
        lines: for every blank the line that sets it last. open: those that are not filled in.
    """

    def __init__(self, wanted: set[_Key], given: set[str]):
        self.wanted, self.given = wanted, given
        self.lines: dict[_Key, int] = {}
        self.open: set[_Key] = set()

    def function(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node = copy.deepcopy(node)
        node.body = self._body(node.body, (), ())
        return node

    def _body(self, statements: list[ast.stmt], body: Body, variables: tuple[str, ...]) -> list[ast.stmt]:
        last: dict[str, int] = {}
        for at, statement in enumerate(statements):
            for name in {name for part in ast.walk(statement) if isinstance(part, ast.stmt) and (name := target(part))}:
                if (body, name) in self.wanted and ast.unparse(statement) not in self.given:
                    last[name] = at
                    self.lines[body, name] = statement.lineno
                    if any(isinstance(p, ast.Constant) and p.value is Ellipsis for p in ast.walk(statement)):
                        self.open.add((body, name))
        found: list[ast.stmt] = []
        loops = 0
        for at, statement in enumerate(statements):
            if isinstance(statement, ast.For):
                names = tuple(node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name))
                statement.body = self._body(statement.body, (*body, loops), (*variables, *names))
                loops += 1
            due = [name for name, where in last.items() if where == at]
            left_out = _is_open(statement)
            if not left_out:
                found.append(statement)
            for name in due:
                rounds = ", ".join(f"{v!r}: {v}" for v in variables)
                value = "None" if (body, name) in self.open else name
                text = f"{name} = {_MEET}({body!r}, {name!r}, {value}, {{{rounds}}})"
                found += ast.parse(text).body
        return found or [ast.Pass()]


def _is_open(statement: ast.stmt) -> bool:
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)
    return simple and any(isinstance(p, ast.Constant) and p.value is Ellipsis for p in ast.walk(statement))
