"""What the diagnosis of hand-ins says of the wrong lines of a worksheet: what each means, and what it should read.

A worksheet is a pair of functions as any other once its open blanks are filled in. The grader's verdict stands before
this begins, and is not changed by it.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.verdict import Finding
from backpropviz.errors import BackpropvizError
from backpropviz.exercises.grader import WRONG
from backpropviz.exercises.sheet_report import Entry, WorksheetReport


def second_look(report: WorksheetReport, text: str, seconds: float) -> WorksheetReport:
    """The report, whose wrong lines say what the diagnosis has proved of them.

    Args:
        text: the worksheet, which was graded. seconds: the most that the diagnosis may take.
    """
    lines = {entry.line for entry in report.entries if entry.status == WRONG and entry.line}
    complete = _filled_in(text, report.entries) if lines else None
    if complete is None:
        return report
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as folder:
        file = Path(folder) / "worksheet.py"
        file.write_text(complete, encoding="utf-8")
        try:
            found = diagnose(file, seconds=seconds).all_findings
        except BackpropvizError:
            return report
    told: dict[int, Finding] = {}
    for finding in found:
        if finding.proved and finding.line in lines:
            told.setdefault(finding.line, finding)
    entries = [
        replace(entry, found=told[entry.line]) if entry.status == WRONG and entry.line in told else entry
        for entry in report.entries
    ]
    return replace(report, entries=tuple(entries))


def _filled_in(text: str, entries: Sequence[Entry]) -> str | None:
    """A worksheet without its first line, which makes it one, and with the solution in its open blanks, each line in
    its place; None where a blank's solution takes a block."""
    solutions = {entry.name: entry.solution for entry in entries}
    lines = text.splitlines()
    lines[0] = "#"
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)) if value is Ellipsis:
                solution = solutions.get(name, ())
                if not solution or not all(_is_simple(line) for line in solution):
                    return None
                lines[node.lineno - 1] = " " * node.col_offset + "; ".join(solution)
    return "\n".join(lines) + "\n"


def _is_simple(line: str) -> bool:
    try:
        return isinstance(ast.parse(line).body[0], ast.Assign | ast.AugAssign | ast.Expr)
    except (SyntaxError, IndexError):
        return False
