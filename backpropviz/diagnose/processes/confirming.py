"""A report as the judge leaves it: the search for the line says what is wrong, but never that something is right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from backpropviz.diagnose.processes.children import Record, in_child
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import (
    FAULT,
    LATE,
    REFUSED,
    RIGHT,
    UNKNOWN,
    WRONG,
    FileReport,
    Finding,
    FunctionReport,
)
from backpropviz.text import cleaned

_JUDGE = "backpropviz.diagnose.judge.judging"


def confirmed(report: FileReport, plans: Any, file: Path, request: Record, seconds: float) -> FileReport:
    """The report with scores that are no higher than the judge's, and right only where it says so.

    Args:
        plans: how each function is called, by name, as the search found out. seconds: the most for one pair.
    """
    plans = plans if isinstance(plans, dict) else {}
    asked = [i for i, its in enumerate(report.functions) if its.status == FAULT or its.score > 0]
    if not asked:
        return report
    about = [{"name": report.functions[i].name, "plan": plans.get(report.functions[i].name)} for i in asked]
    likely = {report.functions[i].layer for i in asked if not report.functions[i].own}
    kept = {name: request[name] for name in ("file", "python2", "megabytes")}
    # the judge ends what takes too long itself, and says so: it only has to say something for each pair
    patience = 4 * seconds + 60
    records, code = in_child(_JUDGE, {**kept, "seconds": seconds, "plans": about}, patience, likely)
    said = {record["number"]: cleaned(record) for record in records if "number" in record}
    functions = list(report.functions)
    for number, i in enumerate(asked):
        its = _judged(functions[i], said.get(number), file.name, code)
        functions[i] = its if its.status == RIGHT else replace(its, closed_forms=())
    spent = float(records[-1].get("seconds", 0.0)) if records else 0.0
    return replace(report, functions=tuple(functions), seconds=report.seconds + spent)


def _judged(function: FunctionReport, said: Record | None, file: str, code: int) -> FunctionReport:
    """One function's report, with what the judge says of it."""
    if said is None or "fault" in said:
        why = f"the judge ended with code {code}" if said is None else said["fault"]
        return replace(function, status=FAULT, score=0.0, findings=(), reason=why)
    if "unjudged" in said and function.status in (RIGHT, FAULT):
        return replace(function, status=UNKNOWN, score=0.0, reason=f"it could not be judged: {said['why']}")
    if "late" in said:
        if function.status == RIGHT:
            return replace(function, status=LATE, score=0.0, reason=said["why"])
        note = f"nothing is counted that could not be run once more: {said['why']}"
        return replace(function, score=0.0, notes=(*function.notes, note))
    kind = "not_confirmed"
    if function.status == FAULT:  # of the search, whose exception says nothing of the function
        if said["right"] or not said["failed"]:
            after = "; run by itself, it comes out right" if said["right"] else ""
            score = float(said["score"]) if said["right"] else 0.0  # which is the judge's alone to give
            return replace(function, score=score, reason=f"{function.reason}{after}")
        kind, note = "wrong_value", f"the search for the line failed: {function.reason}"
        function = replace(
            function, status=RIGHT, score=1.0, reason="", notes=(*function.notes, note), ran=tuple(said["ran"]),
            looked_at=tuple(said["looked_at"]),
        )  # fmt: skip
    score = min(function.score, float(said["score"]))
    refused = tuple(dict.fromkeys((*function.refused, *said["refused"])))
    function = replace(function, score=score, refused=refused)
    if said["own"] is not None:
        function = replace(function, layer=said["layer"], own=said["own"])
    if function.status != RIGHT or said["right"]:
        return function
    if said["refuses"]:
        reason = f"it refuses {len(said['refused'])} of {len(said['ran'])} configurations"
        return replace(function, status=REFUSED, reason=reason)
    finding = Finding(
        file, function.line, function.name, "", kind, _evidence(said), kinds.WORDS[kind],
        configurations=tuple(said["failed"]),
    )  # fmt: skip
    return replace(function, status=WRONG, findings=(finding,), failed=tuple(said["failed"]))


def _evidence(said: Record) -> str:
    """What came out when it was run once more."""
    names, failed, ran = said["wrong"], len(said["failed"]), len(said["ran"])
    if names and ran:
        verb = "is" if len(names) == 1 else "are"
        return f"run by itself, {', '.join(names)} {verb} not right in {failed} of {ran} configurations"
    return "run by itself, it gives nothing that could be compared" + (f": {said['why']}" if said["why"] else "")
