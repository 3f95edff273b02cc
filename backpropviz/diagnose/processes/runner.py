"""Diagnoses a file in a child process of its own; in another one what is left, should the first end before its time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backpropviz.diagnose.processes import wellformed
from backpropviz.diagnose.processes.children import KILLED, Record, in_child
from backpropviz.diagnose.processes.confirming import confirmed
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import FAULT, LATE, WRONG, FileReport, Finding, FunctionReport
from backpropviz.errors import LayerError
from backpropviz.text import clean

_MOST_SECONDS = 1e6
NOT_ENOUGH = "{:g} s were not enough (--seconds gives it more)"
_MOST_ENDS = 8  # so many pairs of one file may end their process


def diagnose(
    path: str | os.PathLike[str],
    functions: Sequence[str] | None = None,
    *,
    pair: Sequence[str] = (),
    python2: bool = False,
    seconds: float = 60.0,
    megabytes: int = 2048,
    explain: bool = False,
) -> FileReport:
    """Run a student's file in a child process and say which of its functions are right, and where the others go wrong.

    What is said depends on no clock: the work is counted (student/work.py). A pair that the count does not end is ended
    by the clock, and said not to be finished.

    Args:
        functions: only these, by name. pair: only these two, a forward pass and its backward pass.
        python2: read the text as Python 2.
        seconds: the most that one pair of functions may take. megabytes: the most memory the process may use.
        explain: findings have a page, with the smallest input that shows them.

    Raises:
        LayerError: there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise LayerError(f"{file} is not a file", fix="Name a Python file with the functions to look at.")
    request = {
        "file": str(file.resolve()), "functions": list(functions or ()), "python2": python2, "megabytes": megabytes,
        "pair": list(pair), "explain": explain,
    }  # fmt: skip
    ended: list[FunctionReport] = []
    not_called: list[str] = []  # of these, those that ended it while it was tried how they are called
    spent, cut_short = 0.0, False
    while True:
        request |= {"left_out": [report.name for report in ended], "not_called": not_called}
        records, code = in_child("backpropviz.diagnose.processes.child", request, seconds)
        last = records[-1] if records else {}
        spent += _seconds(last)
        if "report" in last:
            try:
                report = wellformed.report(last["report"], file.name)
            except wellformed.Malformed:  # it is our process that writes reports: none is the crash of a student's line
                return _fault(file, "the process that looked at it wrote a report that is none (of ours, or forged)")
            functions_ = tuple(sorted((*report.functions, *ended), key=lambda its: its.line))
            report = replace(report, functions=functions_, seconds=spent, cut_short=cut_short)
            return confirmed(report, last.get("plans"), file, request, seconds)
        stage = next((record for record in reversed(records) if _is_stage(record)), None)
        fault = str(clean(last["fault"])) if type(last.get("fault")) is str else ""
        if stage is None or not stage.get("function") or len(ended) >= _MOST_ENDS:
            if fault:
                every = _named(file, fault, request)
                every = replace(every, functions=(*ended, *every.functions), seconds=spent, cut_short=cut_short)
                return confirmed(every, None, file, request, seconds)
            report = _of_the_file(file, stage, code, seconds)
            return replace(report, functions=(*ended, *report.functions), cut_short=cut_short or code == KILLED)
        cut_short |= code == KILLED
        ended.append(_of_the_pair(file, stage, code, seconds, fault))
        not_called += [ended[-1].name] if stage.get("calling") is True else []


def _seconds(record: Record) -> float:
    value = record.get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) and 0 <= value < _MOST_SECONDS else 0.0


def _is_stage(record: Record) -> bool:
    """It says what is looked at, in the form that we give it."""
    names = ("stage", "function", "layer", "text")
    return "stage" in record and type(record.get("line")) is int and all(type(record.get(n, "")) is str for n in names)


def _of_the_pair(file: Path, stage: Record, code: int, seconds: float, fault: str = "") -> FunctionReport:
    """The report on a pair whose process ended before its time: one finding, or word that the time was up, or what
    failed of ours."""
    name, line = clean(stage["function"]), stage["line"]
    if fault:
        return FunctionReport(name, clean(stage.get("layer", "")), line, FAULT, score=0.0, reason=fault)
    if code == KILLED:
        reason = NOT_ENOUGH.format(seconds)
        return FunctionReport(name, clean(stage.get("layer", "")), line, LATE, score=0.0, reason=reason)
    evidence = f"while it was run, the process ended with code {code}"
    finding = Finding(file.name, line, name, clean(stage.get("text", "")), "crash", evidence, kinds.WORDS["crash"])
    return FunctionReport(name, clean(stage.get("layer", "")), line, WRONG, (finding,), score=0.0)


def _of_the_file(file: Path, stage: Record | None, code: int, seconds: float) -> FileReport:
    """The report on a file whose process ended before any pair was looked at."""
    if stage is None:
        return _fault(file, f"the process that was to look at it ended with code {code}")
    about = f"while looking at {clean(stage['stage'])}"
    if code == KILLED:
        late = f"{about}: {NOT_ENOUGH.format(seconds)}"
        return FileReport(file.name, (FunctionReport("", "", stage["line"], LATE, score=0.0, reason=late),))
    evidence = f"{about}: the process ended with code {code}"
    return FileReport(
        file.name, findings=(Finding(file.name, stage["line"], "", "", "crash", evidence, kinds.WORDS["crash"]),)
    )


def _fault(file: Path, reason: str) -> FileReport:
    """The report on a file at which something of ours failed."""
    return FileReport(file.name, (FunctionReport("", "", 1, FAULT, score=0.0, reason=reason),))


def _named(file: Path, reason: str, request: Record) -> FileReport:
    """The same, for each pair of a layer that courses hand out: the judge needs no more than their names."""
    from backpropviz.diagnose.pairs import recognition  # not needed as a rule, and slow to import
    from backpropviz.diagnose.student import loading

    try:
        student = loading.parse(file, request["python2"])
    except loading.Unreadable:
        return _fault(file, reason)
    written = loading.definitions(student.tree)
    pairs = recognition.pairs(written)
    asked = [its for its in pairs if not its.layer.is_own and its.name not in request["left_out"]]
    reports = tuple(
        FunctionReport(its.name, its.layer.name, written[its.name].lineno, FAULT, score=0.0, reason=reason)
        for its in asked if not request["functions"] or its.name in request["functions"]
    )  # fmt: skip
    return FileReport(file.name, reports) if reports else _fault(file, reason)
