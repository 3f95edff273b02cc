"""What a class has understood: which misunderstandings came up how often, with an example of each, and the scores.

Nobody's name is in it, unless it is asked for.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from backpropviz.classroom.answers import read_lines
from backpropviz.classroom.feedback import PAGE
from backpropviz.diagnose.telling.kinds import WORDS
from backpropviz.diagnose.verdict import RIGHT, FileReport, Finding
from backpropviz.errors import LayerError
from backpropviz.files import fits
from backpropviz.show.tables.plain import Sheet, counted

_TENTHS = 10


@dataclass(frozen=True)
class Misunderstanding:
    """A kind of mistake: in how many hand-ins and functions it came up, and the place that shows it best."""

    kind: str
    hand_ins: int
    functions: tuple[str, ...]
    example: Finding

    @property
    def meaning(self) -> str:
        return WORDS.get(self.kind, self.kind)


@dataclass(frozen=True)
class Asked:
    """How a function went in the class: how many have one, how many have it right, and the mean score."""

    name: str
    of: int
    right: int
    score: float


@dataclass(frozen=True)
class Overview:
    """A class's reports, summed up."""

    reports: tuple[FileReport, ...]
    misunderstandings: tuple[Misunderstanding, ...]
    functions: tuple[Asked, ...]

    @property
    def scores(self) -> list[int]:
        """How many hand-ins have a score of 0 to 10 %, 10 to 20 %, ..., 90 to 100 %."""
        tenths = [0] * _TENTHS
        for report in self.reports:
            tenths[min(int(report.score * _TENTHS), _TENTHS - 1)] += 1
        return tenths


def overview(reports: Iterable[FileReport]) -> Overview:
    """Sum up the reports on a class's hand-ins; the commonest misunderstanding comes first."""
    every = tuple(reports)
    by_kind: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    by_name: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for report in every:
        for finding in report.all_findings:
            by_kind[finding.kind].append((report.file, finding))
        for function in report.functions:
            if function.is_judged:
                by_name[function.name].append((function.status == RIGHT, function.score))
    found = [_misunderstanding(kind, its) for kind, its in by_kind.items()]
    found.sort(key=lambda its: (-its.hand_ins, its.kind))
    asked = [
        Asked(name, len(its), sum(right for right, _ in its), sum(score for _, score in its) / len(its))
        for name, its in sorted(by_name.items())
    ]
    return Overview(every, tuple(found), tuple(asked))


def _misunderstanding(kind: str, found: list[tuple[str, Finding]]) -> Misunderstanding:
    findings = [finding for _, finding in found]
    best = min(findings, key=lambda its: (not its.proved, not its.expected, len(its.statement)))
    functions = tuple(sorted({finding.function for finding in findings if finding.function}))
    return Misunderstanding(kind, len({file for file, _ in found}), functions, best)


def read(paths: Iterable[Path]) -> list[FileReport]:
    """The reports in files of JSON lines, each hand-in once: the last word on it counts.

    Raises:
        LayerError: a file cannot be read, or holds something else.
    """
    last: dict[str, FileReport] = {}
    for path in paths:
        fits(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LayerError(f"{path} cannot be read: {error.strerror}", fix="Check the path.") from error
        last.update({file: report for (file, _), report in read_lines(path, content).items()})
    return list(last.values())


def sheets(its: Overview, names: bool = False) -> dict[str, Sheet]:
    """The overview as tables under a heading each. `names`: with the score of each hand-in."""
    made = {
        "What was misunderstood": Sheet(
            ("hand-ins", "what it means", "an example"),
            [(found.hand_ins, found.meaning, _example(found.example)) for found in its.misunderstandings],
            numbers={0}, prose={1: 24, 2: 24}, title=1,
        ),
        "Function by function": Sheet(
            ("function", "right", "mean score"),
            [(one.name, f"{one.right} of {one.of}", f"{one.score:.0%}") for one in its.functions], numbers={1, 2},
        ),
        "Scores": Sheet(
            ("score", "hand-ins"),
            [(f"{10 * tenth} to {10 * tenth + 10} %", count) for tenth, count in enumerate(its.scores)], numbers={1},
        ),
    }  # fmt: skip
    if names:
        each = [(report.file, f"{report.score:.0%}") for report in its.reports]
        made["Hand-ins"] = Sheet(("hand-in", "score"), each, numbers={1})
    return {heading: sheet for heading, sheet in made.items() if sheet.rows}


def record(its: Overview, names: bool = False) -> dict[str, Any]:
    """The overview as a record. `names`: with the score of each hand-in."""
    found = [
        {
            "kind": one.kind, "meaning": one.meaning, "hand_ins": one.hand_ins, "functions": list(one.functions),
            "statement": one.example.statement, "expected": one.example.expected,
        }
        for one in its.misunderstandings
    ]  # fmt: skip
    made: dict[str, Any] = {"hand_ins": len(its.reports), "misunderstandings": found}
    made |= {"functions": [asdict(one) for one in its.functions], "scores": its.scores}
    return made | ({"names": {report.file: report.score for report in its.reports}} if names else {})


def page(its: Overview, names: bool = False) -> str:
    """The overview as an HTML page without anything from elsewhere."""
    title = counted(len(its.reports), "hand-in")
    body = [f"<h1>{title}</h1>"]
    for heading, sheet in sheets(its, names).items():
        head = "".join(f"<th>{html.escape(text)}</th>" for text in sheet.headings)
        body += [f"<h2>{html.escape(heading)}</h2>", "<table>", f"<tr>{head}</tr>"]
        body += [f"<tr>{''.join(map(_cell, row, range(len(row)), repeat(sheet)))}</tr>" for row in sheet.rows]
        body.append("</table>")
    return PAGE.format(title=title, body="\n".join(body))


def _cell(value: object, column: int, sheet: Sheet) -> str:
    text = html.escape(str(value))
    if sheet.headings[column] == "an example":
        return f"<td><pre>{text}</pre></td>"
    return f'<td class="number">{text}</td>' if column in sheet.numbers else f"<td>{text}</td>"


def _example(finding: Finding) -> str:
    """A wrong line, and below it the right one; without its file, which may be named after somebody."""
    lines = [finding.statement or finding.evidence]
    if finding.expected:
        lines.append(f"expected  {finding.expected}")
    return "\n".join(lines)
