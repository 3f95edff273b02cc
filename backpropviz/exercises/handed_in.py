"""A graded worksheet as a file of a class: the same records as for any other hand-in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import RIGHT, UNFINISHED, WRONG, FileReport, Finding, FunctionReport
from backpropviz.errors import LayerError
from backpropviz.exercises.grading import grade
from backpropviz.exercises.in_notebook import lines_of
from backpropviz.exercises.sheet_report import Entry, WorksheetReport


def handed_in(path: Path, seconds: float, pin: str | None = None, explain: bool = False) -> FileReport:
    """Grade a worksheet; one that cannot be graded has a finding that says why.

    Args:
        pin: what it has to be about. explain: findings have a page.
    """
    began = time.perf_counter()
    try:
        report = grade(path, pin=pin, seconds=seconds)
    except LayerError as error:
        line = int((error.where or "").rpartition(":")[2] or 0) if ":" in (error.where or "") else 0
        kind = "syntax" if error.seen.startswith("syntax error") else "crash"
        finding = Finding(path.name, line, "", "", kind, error.seen, error.fix or kinds.WORDS[kind])
        return FileReport(path.name, findings=(finding,), seconds=time.perf_counter() - began)
    lines = lines_of(path, report.file)
    return FileReport(path.name, (_function(report, lines, explain),), seconds=time.perf_counter() - began)


def _function(report: WorksheetReport, lines: list[str], explain: bool) -> FunctionReport:
    """The verdict on a worksheet's backward pass: wrong blanks are findings, and an open one leaves it unfinished."""
    name = f"{report.layer}_backward"
    findings = [_finding(report.file, name, entry, lines, explain) for entry in report.wrong]
    left = report.next
    if left is not None:
        words = kinds.WORDS["not_finished"]
        place = _code(lines, left.line)
        findings.append(Finding(report.file, left.line, name, place, "not_finished", left.hint, words, proved=True))
    status = RIGHT if report.passed else WRONG if report.wrong else UNFINISHED
    first = next((entry.line for entry in report.entries if entry.line), 1)
    return FunctionReport(name, report.layer, first, status, tuple(findings), score=report.score)


def _finding(file: str, function: str, entry: Entry, lines: list[str], explain: bool) -> Finding:
    """A wrong blank: how its value differs, and what the diagnosis has proved of its line."""
    found = Finding(
        file, entry.line, function, _code(lines, entry.line), "wrong_blank", entry.evidence, kinds.WORDS["wrong_blank"],
        entry.hint, step=entry.step, page=entry.page if explain else None,
    )  # fmt: skip
    its = entry.found
    if its is None:
        return found
    return replace(
        found, kind=its.kind, meaning=its.meaning, expected=its.expected, instead=its.instead, proved=True,
        together=its.together,
    )  # fmt: skip


def _code(lines: list[str], number: int) -> str:
    """A line without the remark behind it; empty for line 0, which is none."""
    return lines[number - 1].partition("  #")[0].strip() if number else ""
