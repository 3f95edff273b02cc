"""What was held against the right values, check by check and in plain sentences: what every format carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backpropviz.diagnose.verdict import LATE, REFUSED, RIGHT, UNKNOWN, FileReport, Finding, FunctionReport
from backpropviz.layers.sources import place


@dataclass(frozen=True)
class Check:
    """One thing that a hand-in gets points for.

    Attributes:
        name: the function. right: nothing is wrong with it. share: of the points, 0 to 1; all of them only if right.
        said: the findings in words. points: what it is worth.
    """

    name: str
    right: bool
    share: float
    said: str
    points: float = 1.0

    @property
    def score(self) -> float:
        return round(self.share * self.points, 4)


def checks(reports: list[FileReport]) -> Iterator[Check]:
    """Every function that there is a verdict on, under its file's name too where there are several files."""
    for report in reports:
        before = f"{report.file}: " if len(reports) > 1 else ""
        for finding in report.findings:
            yield Check(f"{before}the file as a whole", False, 0.0, describe(finding))
        known = any(not function.own for function in report.functions if function.is_judged)
        for function in report.functions:
            if function.status != UNKNOWN:
                late = function.status == LATE  # said, and neither earns nor costs anything
                points = 0.0 if late or (known and function.own) else 1.0  # nor does what nobody asked for
                yield check(function, f"{before}{function.name}", points)


def check(function: FunctionReport, name: str, points: float = 1.0) -> Check:
    """The check that a report on one function amounts to."""
    right = function.status == RIGHT
    return Check(name, right, function.score if right else min(function.score, 0.99), output(function), points)


def describe(finding: Finding) -> str:
    """One finding in words: the line, how it differs, what it should be."""
    lines = [f"{place(finding.file, finding.line)}  {finding.statement}".rstrip() if finding.line else finding.file]
    lines += [part for part in (finding.evidence, finding.meaning) if part]
    if finding.expected:
        lines.append(f"expected  {finding.expected}")
    return "\n".join(lines)


def output(function: FunctionReport) -> str:
    """What is said of one function: its findings, or why there is no verdict, and the notes."""
    parts = [describe(finding) for finding in function.findings] or [function.reason or function.status]
    if function.status == REFUSED and function.reason:
        parts = [function.reason]
    if function.refused:
        parts.append(f"it refuses {'; '.join(function.refused)}")
    return "\n\n".join([*parts, *(f"note: {note}" for note in function.notes)])
