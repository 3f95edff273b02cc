"""Grades a worksheet: says for every blank whether it is open, right or wrong, and hints at what comes next."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from backpropviz.diagnose.children import in_child
from backpropviz.diagnose.student import sandbox
from backpropviz.engine.graph import Step
from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.exercises.exercise import MARKER, Blank, blanks, worksheet
from backpropviz.exercises.grader import OPEN, RIGHT, WRONG, Grade, Grader, Run, as_a_whole, traces
from backpropviz.exercises.looped import LoopBlank, sheet
from backpropviz.exercises.round_grader import LATER, grades
from backpropviz.layers.library import load
from backpropviz.layers.sources import split_spec
from backpropviz.show.records import Explanation

_WHOLE = "every gradient itself is right"


@dataclass(frozen=True)
class Entry:
    """One blank, graded.

    Attributes:
        status: "right", "wrong", "open", or "later": filled in below the first open one, and not looked at yet.
        line: of the statement that sets it last; 0 if none does.
        evidence: for a wrong one, how it differs. notes: what else there is to say about its lines.
        hint: one sentence about what to do. more: the gate's story, local derivatives and shapes. solution: the code.
    """

    name: str
    step: str
    status: str
    line: int
    evidence: str
    notes: tuple[str, ...]
    hint: str
    more: tuple[str, ...]
    solution: tuple[str, ...]


@dataclass(frozen=True)
class WorksheetReport:
    """A graded worksheet: the layer's name, and one entry for every blank, in the order of the backward pass."""

    file: str
    layer: str
    entries: tuple[Entry, ...]

    @property
    def next(self) -> Entry | None:
        """The first blank that is open; None when nothing is left to fill in."""
        return next((entry for entry in self.entries if entry.status == OPEN), None)

    @property
    def wrong(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.status == WRONG)

    @property
    def passed(self) -> bool:
        return bool(self.entries) and all(entry.status == RIGHT for entry in self.entries)

    @property
    def score(self) -> float:
        """The share of the blanks that are right, from 0 to 1."""
        right = sum(entry.status == RIGHT for entry in self.entries)
        return right / len(self.entries) if self.entries else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed, "score": self.score}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WorksheetReport:
        tuples = ("notes", "more", "solution")
        entries = (Entry(**{**each, **{key: tuple(each[key]) for key in tuples}}) for each in data["entries"])
        return cls(data["file"], data["layer"], tuple(entries))


def grade(path: str | os.PathLike[str], *, seconds: float = 30.0, megabytes: int = 2048) -> WorksheetReport:
    """Grade a worksheet in a child process; `diagnose/student/sandbox.py` says what that protects against.

    Raises:
        LayerError: there is no such file, or it is no worksheet that can be graded.
    """
    file = Path(path)
    if not file.is_file():
        raise LayerError(
            f"there is no file {file}", fix="`backpropviz exercise batchnorm -o bn.py` writes a worksheet."
        )
    request = {"file": str(file.resolve()), "megabytes": megabytes}
    records, code = in_child("backpropviz.exercises.grading", request, seconds)
    answer = records[-1] if records else None
    if answer is None:
        ended = f"it was not finished within {seconds:g} s" if code == -9 else f"the process ended with code {code}"
        raise LayerError(f"{file.name} could not be graded: {ended}", fix="Does it run on its own?")
    if "error" in answer:
        raise LayerError(answer["error"], where=answer["where"], fix=answer["fix"])
    return WorksheetReport.from_dict(answer)


def main() -> None:
    """The child process: a request on standard input, the report as JSON on standard output."""
    request = json.loads(sys.stdin.read())
    channel = sandbox.private_output()
    sandbox.limit_resources(request["megabytes"])
    path = Path(request["file"])
    try:
        text = path.read_text(encoding="utf-8")
        answer = grade_text(text, path.parent, path.name, before_running=sandbox.refuse_effects).to_dict()
    except BackpropvizError as error:
        answer = {"error": error.seen, "where": error.where, "fix": error.fix}
    except UnicodeDecodeError as error:
        answer = {"error": f"{path.name} cannot be read: {error}", "where": None, "fix": "Save it as UTF-8."}
    os.write(channel, json.dumps(answer).encode() + b"\n")
    os._exit(0)  # nothing of the student's runs at exit


def grade_text(
    text: str, folder: Path, file: str = "", before_running: Callable[[], None] = lambda: None
) -> WorksheetReport:
    """Grade the text of a worksheet that lies in `folder`. Its lines are run right here: `grade` is the safe way.

    Args:
        before_running: called when the layer has been traced, before any line of the student's runs.

    Raises:
        LayerError: it is no worksheet, its layer is not there, it does not parse, or its backward function is gone.
    """
    spec, settings, shapes, loops = _origin(text, folder, file)
    layer = load(spec)
    try:
        tree = ast.parse(text, file or "worksheet")
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise LayerError(f"syntax error: {error.msg}: {line}", where=f"{file}:{error.lineno}") from error
    recorded = traces(layer, settings, shapes, loops)
    if loops:
        return _with_loops(
            tree, spec, recorded, (settings, shapes), WorksheetReport(file, layer.name, ()), before_running
        )
    before_running()
    runs = [Run(trace, tree, file) for trace in recorded]
    function = _backward_of(tree, f"{runs[0].trace.layer}_backward", file)
    report = WorksheetReport(file, layer.name, tuple(_entries(function, runs)))
    if report.passed and f"{runs[0].trace.layer}_forward" in runs[0].scope:
        whole = as_a_whole(function, runs[0])
        if whole.status != RIGHT:
            entry = Entry("return", "", WRONG, whole.line, whole.evidence, (), _WHOLE, (), ())
            report = WorksheetReport(file, layer.name, (*report.entries, entry))
    return report


def _with_loops(
    tree: ast.Module,
    spec: str,
    recorded: list[Trace],
    origin: tuple[dict[str, Any], dict[str, Any]],
    report: WorksheetReport,
    before_running: Callable[[], None],
) -> WorksheetReport:
    """Grade a worksheet whose loops are given."""
    parts = sheet(recorded[0])
    if parts is None:
        raise LayerError(
            f"the loops of {report.layer} are not those of {report.file}",
            fix="Write a new worksheet with `backpropviz exercise`.",
        )
    solved = ast.parse(worksheet(spec, *origin, solved=True))
    before_running()
    trace = recorded[0]
    function = _backward_of(tree, f"{trace.layer}_backward", report.file)
    found = grades(function, tree, solved, parts.blanks, recorded)
    entries = list(_loop_entries(parts.blanks, found, trace))
    whole = found.get(((), "return"))
    if whole is not None and all(entry.status == RIGHT for entry in entries):
        entries.append(Entry("return", "", WRONG, whole.line, whole.evidence, (), _WHOLE, (), ()))
    return replace(report, entries=tuple(entries))


def _loop_entries(wanted: Sequence[LoopBlank], found: dict[Any, Grade], trace: Trace) -> Iterator[Entry]:
    stories = {_one_line(step.statement): list(_stories(step)) for step in trace.steps}
    stopped = False
    for blank in wanted:
        grade = found.get((blank.body, blank.name), Grade(OPEN, evidence="no line sets it"))
        status = LATER if stopped and grade.status != OPEN else grade.status
        stopped = stopped or status == OPEN
        evidence = "" if status in (LATER, RIGHT) else grade.evidence
        hint = f"it belongs to {blank.code}" if blank.code else "it is what is left when the loops have run"
        more = tuple(stories.get(blank.code.partition(" ")[2] and blank.code, ()))
        yield Entry(blank.name, "", status, grade.line, evidence, tuple(grade.notes), hint, more, blank.solution)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _stories(step: Step) -> Iterator[str]:
    """What the gates of a step do to a gradient."""
    for node in reversed(step.nodes):
        if node.primitive is not None and node.gradient is not None:
            yield f"{node.primitive.name}: {node.primitive.story}"


def _backward_of(tree: ast.Module, name: str, file: str) -> ast.FunctionDef:
    function = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)
    if function is None:
        raise LayerError(f"{file} has no function {name}", fix="Write a new worksheet with `backpropviz exercise`.")
    return function


def _origin(text: str, folder: Path, file: str) -> tuple[str, dict[str, Any], dict[str, Any], bool]:
    line = next((line for line in text.splitlines()[:5] if line.startswith(MARKER)), None)
    try:
        about = json.loads((line or "").removeprefix(MARKER))
        spec, settings, shapes = about["layer"], about["settings"], about["shapes"]
    except (ValueError, KeyError, TypeError) as error:
        raise LayerError(
            f"{file} is no worksheet", fix="`backpropviz exercise batchnorm -o bn.py` writes one."
        ) from error
    if split_spec(spec)[0]:
        spec = str(folder / spec)
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    return spec, tuples, {name: tuple(shape) for name, shape in shapes.items()}, bool(about.get("loops"))


def _entries(function: ast.FunctionDef, runs: list[Run]) -> Iterator[Entry]:
    wanted = blanks(runs[0].shown)
    grades = Grader(function, runs, {blank.name for blank in wanted}).grades()
    explanations = {step.label: step.explanation for step in runs[0].shown.steps}
    shapes = {**{n: v.shape for n, v in runs[0].right.items()}, **{n: v.shape for n, v in runs[0].gradients.items()}}
    stopped = False
    for blank in wanted:
        grade = grades.get(blank.name, Grade(OPEN, evidence="no line sets it"))
        status = LATER if stopped and grade.status != OPEN else grade.status
        stopped = stopped or status == OPEN
        yield Entry(
            blank.name, blank.step, status, grade.line, "" if status in (LATER, RIGHT) else grade.evidence,
            tuple(grade.notes), _hint(blank), tuple(_more(blank, explanations.get(blank.step), shapes)), blank.solution,
        )  # fmt: skip


def _hint(blank: Blank) -> str:
    where = f"step {blank.step} was {blank.code}" if blank.step else f"{blank.of} was used {len(blank.terms)} times"
    return f"{blank.name} has {blank.task}; {where}"


def _more(blank: Blank, explanation: Explanation | None, shapes: dict[str, tuple[int, ...]]) -> Iterator[str]:
    """The gate's story, the local derivatives, and the shapes of the factors."""
    if blank.terms:
        yield f"Where {blank.of} was used several times, the gradients add up: {', '.join(blank.terms)}."
    for gate in explanation.gates if explanation and not blank.terms else ():
        shares = [share for share in gate.shares if share.gradient in (blank.name, None)]
        if shares:
            yield f"{gate.code}: {gate.story}"
        for share in shares:
            yield f"local derivative with respect to {share.operand}: {share.local}"
    names = {
        node.id for line in blank.solution for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)
    } - {blank.name}  # fmt: skip
    factors = [f"{name} {shapes[name]}" for name in sorted(names) if name in shapes]
    if factors:
        yield f"it is made from {', '.join(factors)}"


def render(report: WorksheetReport, level: int = 0) -> list[str]:
    """A report as lines of text: every blank that was looked at, then a hint for the first one that is left.

    Args:
        level: 1 adds the story of the gate and the shapes that meet; 2 adds the solutions.
    """
    marks = {RIGHT: "right", WRONG: "WRONG", OPEN: "open", LATER: "later"}
    done = sum(entry.status == RIGHT for entry in report.entries)
    lines = [f"{report.file}: {report.layer}, {done} of {len(report.entries)} gradients are right"]
    wide = max((len(entry.name) for entry in report.entries), default=0)
    shown = [entry for entry in report.entries if entry.status in (RIGHT, WRONG)]
    for entry in [*shown, *([report.next] if report.next else [])]:
        place = f"{report.file}:{entry.line}" if entry.line else ""
        told = f"{marks[entry.status]:6}{entry.name:{wide}}  {place}  {entry.evidence}".rstrip()
        lines += [f"  {told}", *(f"        note: {note}" for note in entry.notes)]
        if entry.status != RIGHT:
            lines.append(f"        {entry.hint}")
            lines += [f"        {line}" for line in entry.more if level > 0]
    if level > 1:
        lines += ["", "The whole of it:"]
        lines += [f"    {line}" for entry in report.entries for line in entry.solution]
    elif report.wrong or report.next:
        lines.append(f"More: --hint {level + 2}")
    return lines
