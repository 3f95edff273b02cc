"""Findings as marks in the source: GitHub's workflow commands, and SARIF 2.1.0 for code scanning and editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from backpropviz import __version__
from backpropviz.diagnose.telling.kinds import MILD, WORDS
from backpropviz.diagnose.verdict import FileReport, Finding

_WARNINGS = ("not_finished", *MILD, "refused")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(reports: list[FileReport]) -> str:
    """One workflow command for each finding, which GitHub shows at its line: `::error file=bn.py,line=7,...::text`."""
    return "\n".join(_command(file, finding) for file, finding in _all(reports))


def _command(file: str, finding: Finding) -> str:
    about = {"file": file, "line": str(max(finding.line, 1)), "title": f"backpropviz: {WORDS[finding.kind]}"}
    properties = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in about.items())
    return f"::{_level(finding)} {properties}::{_escaped(_message(finding))}"


def _escaped(text: str, also: str = "") -> str:
    """As the workflow commands want it: what ends a command, or a property of it, in percent signs."""
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + also else c for c in text)


def _level(finding: Finding) -> str:
    return "warning" if finding.kind in _WARNINGS else "error"


def _message(finding: Finding) -> str:
    said = [part for part in (finding.evidence, finding.meaning) if part]
    return "\n".join([*said, *([f"expected  {finding.expected}"] if finding.expected else [])])


def _all(reports: list[FileReport]) -> Iterator[tuple[str, Finding]]:
    for report in reports:
        for finding in report.all_findings:
            yield report.file, finding
        for function in report.functions:
            if function.refused:
                said = f"it refuses {'; '.join(function.refused)}"
                yield report.file, Finding(report.file, function.line, function.name, "", "refused", said, "")


def as_sarif(reports: list[FileReport]) -> str:
    """One run; each kind of mistake is a rule, each finding a result at its line."""
    found = list(_all(reports))
    kinds = sorted({finding.kind for _, finding in found})
    rules = [{"id": kind, "shortDescription": {"text": WORDS[kind]}} for kind in kinds]
    results = [_result(file, finding, kinds.index(finding.kind)) for file, finding in found]
    driver = {"name": "backpropviz", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(file: str, finding: Finding, rule: int) -> dict[str, Any]:
    region = {"startLine": max(finding.line, 1)}
    place = {"artifactLocation": {"uri": quote(PurePath(file).as_posix())}, "region": region}
    return {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": _level(finding),
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
    }
