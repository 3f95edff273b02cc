"""The process that runs one student's file: reads a request, works inside limits, writes a report. See sandbox.py."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropviz.diagnose.investigate import Investigation
    from backpropviz.diagnose.pairs.recognition import Pair
    from backpropviz.diagnose.student.loading import Student
    from backpropviz.diagnose.student.program import Program
    from backpropviz.diagnose.verdict import FunctionReport


def main() -> None:
    """Standard input holds the request as JSON; standard output gets one JSON record per line, the last of them the
    report, or an exception of ours as `fault`."""
    request = json.loads(sys.stdin.read())
    from backpropviz.diagnose.student import sandbox

    channel = sandbox.private_output()

    def say(**record: Any) -> None:
        os.write(channel, (json.dumps(record) + "\n").encode())

    try:
        _work(request, say)
    except MemoryError:  # a file that takes all there is, wherever it is missed
        raise
    except Exception as error:  # what the student's code raises is caught where it is called
        say(fault=f"{type(error).__name__}: {error}", seconds=time.process_time())
    os._exit(0)  # nothing of the student's runs at exit


def _work(request: dict[str, Any], say: Callable[..., None]) -> None:
    """Look at the file, and say what stage it is at and, in the end, the report."""
    # everything of ours is imported before the limits, everything of theirs after
    from backpropviz.diagnose import investigate, verdict, whole_file
    from backpropviz.diagnose.judge.plan import plan
    from backpropviz.diagnose.pairs import recognition
    from backpropviz.diagnose.pairs.protocols import adapting
    from backpropviz.diagnose.runs.siblings import Siblings
    from backpropviz.diagnose.student import classes, loading, program, sandbox

    sandbox.limit_resources(request["megabytes"])
    path = Path(request["file"])
    say(stage="reading", line=1, function="")
    try:
        student = loading.parse(path, request["python2"])
    except loading.Unreadable as error:
        whole = verdict.FileReport(path.name, findings=(whole_file.unreadable(path, error),))
        say(report=whole.to_dict(), seconds=time.process_time())
        return
    sandbox.refuse_effects(str(path), *sandbox.OURS)
    say(stage="its top level", line=1, function="")
    loading.load(student)
    say(stage="how its classes are called", line=1, function="")
    wanted, not_called = request["functions"], request["not_called"]

    def begins(name: str, line: int) -> None:
        say(stage=f"how {name} is called", line=line, function=name, calling=True)

    reports = [
        verdict.FunctionReport(name, name.partition(".")[0], line, _status(error), score=0.0, reason=str(error))
        for name, line, error in adapting.wrap_classes(student, not_called, begins)
        if not wanted or {name, name.partition(".")[0]} & {*wanted}
    ]
    prepared = program.Program(student)
    siblings = Siblings()
    told = request["pair"]
    pairs = (
        recognition.told(student.functions, *told) if told else recognition.pairs(student.functions, student.wrapped)
    )
    pairs = [pair for pair in pairs if not _helps(pair, pairs, prepared)]
    chosen = [pair for pair in pairs if not wanted or _names(pair, student) & set(wanted)]
    if wanted and not chosen:
        student.notes.append(f"it has {', '.join(pair.name for pair in pairs) or 'no backward pass'}")
    # what is called comes before what calls it
    chosen.sort(key=lambda pair: len(prepared.called_by(pair.forward) | prepared.called_by(pair.name)))
    chosen = [pair for pair in chosen if _method(pair.name, student)[0] not in request["left_out"]]
    plans: dict[str, Any] = {}
    explains = request.get("explain", False)
    investigations = [investigate.Investigation(prepared, pair, siblings, explains) for pair in chosen]
    for act in (investigate.Investigation.examine, investigate.Investigation.report):
        for pair, investigation in zip(chosen, investigations):
            name, line = _method(pair.name, student)
            text = student.text.splitlines()[line - 1].strip()
            say(stage=name, line=line, function=name, layer=pair.layer.name, text=text)
            report = _guarded(act, investigation)
            if report is not None:
                reports.append(_by_method(report, student))
                plans[reports[-1].name] = plan(prepared, investigation.pair, investigation.cases).to_dict()
    findings = tuple(whole_file.top_level(path, student))
    reports.sort(key=lambda report: report.line)
    examined = {name for pair in pairs for name in (pair.forward, pair.backward)}
    examined |= {its.backward for its in student.wrapped.values()} | {report.name for report in reports} | {*not_called}
    skipped = [
        name for name, function in student.functions.items()
        if "backward" in name and name not in examined | {*student.wrapped}
        and not any(name in prepared.called_by(other) for other in examined if other in prepared.definitions)
        and not ("." in name and classes.is_abstract(function))
    ]  # fmt: skip
    if skipped:
        student.notes.append(f"not looked at: {', '.join(skipped)}: there is no forward pass of that name")
    if not wanted and (note := whole_file.trained_in_one(student.tree, {report.name for report in reports})):
        student.notes.append(note)
    whole = verdict.FileReport(path.name, tuple(reports), findings, tuple(student.notes))
    say(report=whole.to_dict(), plans=plans, seconds=time.process_time())


def _status(error: Exception) -> str:
    """Of a class that was not looked at."""
    from backpropviz.diagnose.pairs.protocols.record import GoesOn
    from backpropviz.diagnose.verdict import LATE, UNKNOWN

    return LATE if isinstance(error, GoesOn) else UNKNOWN


def _names(pair: Pair, student: Student) -> set[str | None]:
    """What a pair may be asked for by: its functions, its methods, its class."""
    names = {pair.forward, pair.backward, pair.layer.name}
    if its := student.wrapped.get(pair.name):
        names |= {its.forward, its.backward, its.backward.partition(".")[0]}
    return names


def _helps(pair: Pair, pairs: list[Pair], prepared: Program) -> bool:
    """A class both of whose passes are called by functions of a known layer: it is judged by what these have to do."""
    wrapped = prepared.student.wrapped
    its = wrapped.get(pair.name)
    known = [other for other in pairs if not other.layer.is_own and other.backward and other.name not in wrapped]
    return its is not None and any(
        {its.forward, its.backward} <= prepared.called_by(other.forward) | prepared.called_by(other.name)
        for other in known
    )


def _method(name: str, student: Student) -> tuple[str, int]:
    """The method that a function around a class stands for, and its line; any other function is itself."""
    its = student.wrapped.get(name)
    return (name, student.functions[name].lineno) if its is None else (its.backward, its.line)


def _by_method(report: FunctionReport, student: Student) -> FunctionReport:
    """A report on a class under the name of its method."""
    if report.name not in student.wrapped:
        return report
    name, line = _method(report.name, student)
    its = student.wrapped[report.name]
    last = student.functions[its.only].body[-1].lineno if its.only else line
    only = its.only or (name if name.endswith(".__init__") else "")
    text = student.text.splitlines()[last - 1].strip()
    findings = tuple(
        replace(found, function=only, line=last, statement=text, expected="", proved=False)
        if only and found.function != only
        else found
        for found in report.findings
    )
    return replace(report, name=name, line=line, findings=findings)


def _guarded(act: Callable[[Investigation], FunctionReport | None], on: Investigation) -> FunctionReport | None:
    """What `act` gives; after a fault of ours the other functions still get their verdicts."""
    from backpropviz.diagnose.investigate import fault

    try:
        return act(on)
    except Exception as error:
        return None if act.__name__ == "examine" else fault(on.program, on.pair, error)


if __name__ == "__main__":
    main()
