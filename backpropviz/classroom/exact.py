"""Every record of the reports, exactly: JSON, JSON lines, and a table of scores."""

from __future__ import annotations

import csv
import io
import json

from backpropviz.diagnose.verdict import FileReport

HEAD = {"format": "backpropviz/diagnose", "version": 1}


def as_json(reports: list[FileReport]) -> str:
    """All reports: {"format": "backpropviz/diagnose", "version": 1, "files": [...]}."""
    return json.dumps({**HEAD, "files": [report.to_dict() for report in reports]}, indent=1)


def as_jsonl(reports: list[FileReport]) -> str:
    """One line for each file, each a whole by itself."""
    return "\n".join(line(report) for report in reports)


def line(report: FileReport, digest: str = "") -> str:
    """A report on one line. `digest` tells one content of a file from another."""
    return json.dumps({**HEAD, **({"digest": digest} if digest else {}), **report.to_dict()})


def as_csv(reports: list[FileReport]) -> str:
    """One row for each function: what it is, its score, and its first wrong line."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["file", "function", "layer", "status", "score", "line", "kind", "statement", "expected", "refused"])
    for report in reports:
        whole = [("", "", report.status, 0.0, finding, "") for finding in report.findings]
        each = [
            (
                its.name,
                its.layer,
                its.status,
                its.score,
                its.findings[0] if its.findings else None,
                "; ".join(its.refused),
            )
            for its in report.functions
        ]
        for name, layer, status, score, first, refused in [*whole, *each]:
            found = (first.line, first.kind, first.statement, first.expected) if first else ("", "", "", "")
            about = (report.file, name, layer, status, round(score, 4), *found, refused)
            rows.writerow([cell(value) for value in about])
    return table.getvalue().rstrip("\n")


def cell(value: object) -> object:
    """A text as a spreadsheet takes it: one that begins as a formula would is shown, not computed."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
