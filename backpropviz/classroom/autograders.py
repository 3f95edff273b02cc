"""Checks as the results files of autograders: Gradescope, PrairieLearn, check50; and JUnit, which most others read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from xml.etree import ElementTree

from backpropviz import __version__
from backpropviz.classroom.words import Check, checks
from backpropviz.diagnose.verdict import FileReport
from backpropviz.text import clean


def gradescope(made: Iterable[Check]) -> str:
    """The results.json of a Gradescope autograder: a test for each check."""
    tests = [
        {
            "name": its.name, "score": its.score, "max_score": its.points,
            "status": "passed" if its.right else "failed", "visibility": "visible",
            "output": its.said, "output_format": "text",
        }
        for its in made
    ]  # fmt: skip
    return json.dumps({"output_format": "text", "tests": tests}, indent=1)


def prairielearn(made: Iterable[Check]) -> str:
    """The results.json of PrairieLearn's external grader: the score of the whole, 0 to 1, and a test for each check."""
    every = list(made)
    tests = [
        {
            "name": its.name,
            "points": its.score,
            "max_points": its.points,
            "output": "" if its.right and its.share == 1 else its.said,
        }
        for its in every
    ]
    most = sum(its.points for its in every)
    score = sum(its.score for its in every) / most if most else 0.0
    return json.dumps({"gradable": bool(tests), "score": score, "tests": tests}, indent=1)


def check50(made: Iterable[Check]) -> str:
    """What `check50 --output json` prints: a result for each check, with its reason where it did not pass."""
    results: list[dict[str, object]] = [
        {
            "name": its.name, "description": f"{its.name} gives the right values", "passed": its.right,
            "log": [its.said] if its.right and its.share < 1 else [],
            "cause": None if its.right else {"rationale": its.said.split("\n")[0], "help": its.said}, "data": {},
            "dependency": None,
        }
        for its in made
    ]  # fmt: skip
    return json.dumps({"slug": "backpropviz", "results": results, "version": __version__}, indent=1)


AUTOGRADERS: dict[str, Callable[[Iterable[Check]], str]] = {
    "gradescope": gradescope, "prairielearn": prairielearn, "check50": check50,
}  # fmt: skip


def as_junit(reports: list[FileReport]) -> str:
    """One test suite for each file, one test case for each function; a finding is a failure."""
    root = ElementTree.Element("testsuites", name="backpropviz diagnose")
    for report in reports:
        made = list(checks([report]))
        name = clean(report.file)
        about = {"name": name, "tests": str(len(made)), "failures": str(sum(not its.right for its in made))}
        suite = ElementTree.SubElement(root, "testsuite", about)
        for its in made:
            case = ElementTree.SubElement(suite, "testcase", classname=name, name=its.name)
            if not its.right:
                text = clean(its.said)
                ElementTree.SubElement(case, "failure", message=text.split("\n")[0]).text = text
            elif its.share < 1:
                ElementTree.SubElement(case, "system-out").text = clean(its.said)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
