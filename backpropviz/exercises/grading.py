"""Grades a worksheet: says for every blank whether it is open, right or wrong, and hints at what comes next.

The right values are in one process, the student's lines run in another (desk.py). A gradient is judged before its
right value is handed on to the lines below it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from backpropviz.diagnose.processes.children import in_child
from backpropviz.diagnose.student import sandbox
from backpropviz.engine.graph import Step
from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.exercises.blanks import Blank, blanks
from backpropviz.exercises.closed import longer
from backpropviz.exercises.desk import Desk
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.far_desk import FarDesk, FarProcess
from backpropviz.exercises.grader import LONGER, OPEN, RIGHT, WRONG, Grade, Grader, Run, as_a_whole, traces
from backpropviz.exercises.in_notebook import grade_cells, is_sheet
from backpropviz.exercises.looped import LoopBlank, sheet
from backpropviz.exercises.round_grader import LATER, grades
from backpropviz.exercises.second_look import second_look
from backpropviz.exercises.sheet_report import Entry, WorksheetReport
from backpropviz.exercises.signing import NEW, Goal, Origin, pinned, read
from backpropviz.layers.library import load
from backpropviz.show.records import Explanation
from backpropviz.study.closed.lines import lines_between, lines_of
from backpropviz.text import cleaned

_WHOLE = "every gradient itself is right"


def grade(
    path: str | os.PathLike[str], *, pin: str | None = None, seconds: float = 30.0, megabytes: int = 2048
) -> WorksheetReport:
    """Grade a worksheet: its lines run in a process of their own, and what comes of them is compared in another.

    A notebook is one where `pin` names a file.

    Args:
        pin: what it has to be about, whatever it says itself: a layer, a file's function, or the worksheet as it was
            handed out.

    Raises:
        LayerError: there is no such file, or it is no worksheet that can be graded.
    """
    file = Path(path)
    if not file.is_file():
        raise LayerError(
            f"there is no file {file}", fix="`backpropviz exercise batchnorm -o bn.py` writes a worksheet."
        )
    if pin is not None and is_sheet(file, pin):
        return grade_cells(file, pin, partial(grade, pin=pin, seconds=seconds, megabytes=megabytes))
    about = asdict(pinned(pin)) if pin else None
    request = {"file": str(file.resolve()), "megabytes": megabytes, "seconds": seconds, "pin": about}
    records, code = in_child("backpropviz.exercises.grading", request, 4 * seconds + 60)
    answer = records[-1] if records else None
    if answer is None:
        raise LayerError(f"{file.name} could not be graded: the process ended with code {code}")
    if "error" in answer:
        raise LayerError(answer["error"], where=answer["where"], fix=answer["fix"])
    return second_look(WorksheetReport.from_dict(answer), file.read_text(encoding="utf-8"), seconds)


def main() -> None:
    """The process that compares: a request on standard input, the report as JSON on standard output."""
    request = json.loads(sys.stdin.read())
    channel = sandbox.private_output()
    path = Path(request["file"])
    try:
        text = path.read_text(encoding="utf-8")
        pin = _unpacked(request["pin"]) if request["pin"] else None
        desks = partial(FarProcess, path, request["seconds"], request["megabytes"])
        answer = grade_text(text, path.name, pin, lambda tree: desks().desk).to_dict()
    except BackpropvizError as error:
        answer = {"error": error.seen, "where": error.where, "fix": error.fix}
    except UnicodeDecodeError as error:
        answer = {"error": f"{path.name} cannot be read: {error}", "where": None, "fix": "Save it as UTF-8."}
    os.write(channel, json.dumps(cleaned(answer)).encode() + b"\n")
    os._exit(0)


def _unpacked(pin: dict[str, Any]) -> Origin:
    """An origin as it came from another process."""
    return Origin(**{**pin, "goal": Goal(**pin["goal"]) if pin["goal"] else None})


Desks = Callable[[ast.Module], Callable[[], Desk | FarDesk]]
"""Makes, for a worksheet, what makes a place where its lines run."""


def _here(tree: ast.Module) -> Callable[[], Desk]:
    return lambda: Desk(tree)


def grade_text(text: str, file: str = "", pin: Origin | None = None, desks: Desks = _here) -> WorksheetReport:
    """Grade the text of a worksheet. Without `desks` its lines are run right here: `grade` is the safe way.

    Args:
        pin: what it has to be about; else it says so itself, and may name a layer of the library.

    Raises:
        LayerError: it is no worksheet, its layer is not there, it does not parse, or its backward function is gone.
    """
    said, line = read(text, file)
    origin = pin or said
    if origin.is_file and pin is None:
        raise LayerError(
            f"{file} is about {said.layer}, a file, which a worksheet cannot choose itself", where=f"{file}:{line}",
            fix=f"Say that it is: backpropviz diagnose {file} --as {said.layer}",
        )  # fmt: skip
    try:
        tree = ast.parse(text, file or "worksheet")
    except (SyntaxError, ValueError) as error:
        broken, number = str(getattr(error, "text", None) or "").strip(), getattr(error, "lineno", None) or 1
        said_ = getattr(error, "msg", str(error))
        raise LayerError(f"syntax error: {said_}: {broken}", where=f"{file}:{number}") from error
    # where the layer is named, the sheet says what is asked of it
    asks = pin is None or (not pin.digest and said.goal is not None and (pin.is_file or pin.layer == said.layer))
    if asks and said.digest != said.digest_of(text):
        return _changed(file, said, line, "the first line or the forward pass was changed after it was written")
    layer = load(origin.layer)
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:3])
    recorded = traces(layer, origin.settings, origin.shapes, origin.loops, seed)
    trace = recorded[0]
    origin = replace(origin, goal=said.goal) if asks else origin
    origin = replace(origin, loops=bool(trace.loops) and sheet(trace) is not None) if pin else origin
    function = _backward_of(tree, f"{trace.layer}_backward", file)
    begin = desks(tree)
    report = WorksheetReport(file, layer.name, ())
    if origin.loops:
        return _with_loops(function, origin, recorded, report, begin())
    runs = [Run(each, begin(), file) for each in recorded]
    if origin.goal is not None:
        report = replace(report, entries=(_in_closed_form(function, runs, origin.goal, tree),))
    else:
        report = replace(report, entries=tuple(_entries(function, runs)))
    if report.passed and runs[0].desk.has(f"{trace.layer}_forward"):
        whole = next((its for its in (as_a_whole(function, run) for run in runs) if its.status != RIGHT), None)
        if whole is not None:
            entry = Entry("return", "", WRONG, whole.line, whole.evidence, (), _WHOLE, (), ())
            report = replace(report, entries=(*report.entries, entry))
    return report


def _changed(file: str, said: Origin, line: int, evidence: str) -> WorksheetReport:
    """The report on a worksheet that is not what was handed out: nothing in it counts."""
    entry = Entry("worksheet", "", WRONG, line, evidence, (), NEW, (), ())
    return WorksheetReport(file, said.layer, (entry,))


def _with_loops(
    function: ast.FunctionDef, origin: Origin, recorded: list[Trace], report: WorksheetReport, desk: Desk | FarDesk
) -> WorksheetReport:
    """Grade a worksheet whose loops are given."""
    parts = sheet(recorded[0])
    if parts is None:
        raise LayerError(
            f"the loops of {report.layer} are not those of {report.file}",
            fix="Write a new worksheet with `backpropviz exercise`.",
        )
    solved = ast.parse(worksheet(origin.layer, origin.settings, origin.shapes, solved=True))
    desk.begin({})
    found = grades(function, desk, solved, parts.blanks, recorded, parts.listing)
    entries = list(_loop_entries(parts.blanks, found, recorded[0]))
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
            grade.page if status == WRONG else None,
        )  # fmt: skip


def _in_closed_form(function: ast.FunctionDef, runs: list[Run], goal: Goal, tree: ast.Module) -> Entry:
    """The one blank of a worksheet that asks for a closed form."""
    wanted = blanks(runs[0].shown)
    steps = [
        line for line in lines_between(lines_of(s for b in wanted for s in b.solution), goal.gradient, goal.source)
    ]
    grade = Grader(function, runs, {goal.gradient}).grades().get(goal.gradient) or Grade(
        OPEN, evidence="no line sets it"
    )
    others = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node is not function}
    if grade.status == RIGHT and (told := longer(function, goal, others)):
        grade = Grade(LONGER, grade.line, told, grade.notes)
    evidence = "" if grade.status == RIGHT else grade.evidence
    more = ("step by step it is", *(f"    {line.text}" for line in steps), "which sums in it are zero, or one?")
    solution = (f"backpropviz derive {runs[0].trace.layer} --closed-form --explain prints it, with the reasons",)
    return Entry(goal.gradient, "", grade.status, grade.line, evidence, tuple(grade.notes), goal.words, more, solution)


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
