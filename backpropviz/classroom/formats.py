"""Reports for machines: JSON, JUnit XML (continuous integration) and the results file of Gradescope's autograder."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from backpropviz.diagnose.verdict import REFUSED, RIGHT, UNKNOWN, FileReport, Finding, FunctionReport
from backpropviz.layers.sources import place

POINTS = 1.0
"""What one function is worth in a Gradescope results file."""


def as_json(reports: list[FileReport]) -> str:
    """All reports, exactly: {"format": "backpropviz/diagnose", "version": 1, "files": [...]}."""
    whole = {"format": "backpropviz/diagnose", "version": 1, "files": [report.to_dict() for report in reports]}
    return json.dumps(whole, indent=1)


def as_junit(reports: list[FileReport]) -> str:
    """One test suite for each file, one test case for each function; a finding is a failure."""
    root = ElementTree.Element("testsuites", name="backpropviz diagnose")
    for report in reports:
        functions = [function for function in report.functions if function.status != UNKNOWN]
        failures = sum(bool(function.findings) or function.status != RIGHT for function in functions) + len(
            report.findings
        )
        about = {
            "name": report.file,
            "tests": str(len(functions) + len(report.findings)),
            "failures": str(failures),
        }
        suite = ElementTree.SubElement(root, "testsuite", about)
        for finding in report.findings:
            case = ElementTree.SubElement(suite, "testcase", classname=report.file, name="the file as a whole")
            _fail(case, describe(finding))
        for function in functions:
            case = ElementTree.SubElement(suite, "testcase", classname=report.file, name=function.name)
            if function.status != RIGHT:
                _fail(case, _output(function))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _fail(case: ElementTree.Element, text: str) -> None:
    text = _xml_safe(text)
    failure = ElementTree.SubElement(case, "failure", message=text.split("\n")[0])
    failure.text = text


def _xml_safe(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(c if c in "\n\t" or ord(c) >= 32 else "?" for c in text)


def as_gradescope(reports: list[FileReport]) -> str:
    """The results.json of a Gradescope autograder: a test for each function, scored by the share that is right."""
    tests: list[dict[str, Any]] = []
    several = len(reports) > 1
    for report in reports:
        for finding in report.findings:
            tests.append(_test(report, "the file as a whole", 0.0, "failed", describe(finding), several))
        for function in report.functions:
            if function.status == UNKNOWN:
                continue
            right = function.status == RIGHT
            score = POINTS if right else round(min(function.score, 0.99) * POINTS, 4)
            status = "passed" if right else "failed"
            tests.append(_test(report, function.name, score, status, _output(function), several))
    return json.dumps({"output_format": "text", "tests": tests}, indent=1)


def _test(report: FileReport, name: str, score: float, status: str, output: str, several: bool) -> dict[str, Any]:
    return {
        "name": f"{report.file}: {name}" if several else name,
        "score": score,
        "max_score": POINTS,
        "status": status,
        "output": output,
        "output_format": "text",
        "visibility": "visible",
    }


def _output(function: FunctionReport) -> str:
    parts = [describe(finding) for finding in function.findings] or [function.reason or function.status]
    if function.status == REFUSED and function.reason:
        parts = [function.reason]
    return "\n\n".join([*parts, *(f"note: {note}" for note in function.notes)])


def describe(finding: Finding) -> str:
    """One finding in words: the line, how it differs, what it should be."""
    lines = [f"{place(finding.file, finding.line)}  {finding.statement}" if finding.line else finding.file]
    lines += [part for part in (finding.evidence, finding.meaning) if part]
    if finding.expected:
        lines.append(f"expected  {finding.expected}")
    return "\n".join(lines)


FORMATS: dict[str, Callable[[list[FileReport]], str]] = {
    "json": as_json, "junit": as_junit, "gradescope": as_gradescope,
}  # fmt: skip
