"""A graded worksheet as plain records, and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from backpropviz.diagnose.telling.page import Page
from backpropviz.diagnose.telling.render_page import render_page
from backpropviz.diagnose.verdict import Finding
from backpropviz.exercises.grader import LONGER, OPEN, RIGHT, WRONG
from backpropviz.exercises.round_grader import LATER


@dataclass(frozen=True)
class Entry:
    """One blank, graded.

    Attributes:
        status: "right", "wrong", "open", "later": filled in below the first open one, and not looked at yet; or
            "longer": right, but no closed form where one is asked for.
        line: of the statement that sets it last; 0 if none does.
        evidence: for a wrong one, how it differs. notes: what else there is to say about its lines.
        hint: one sentence about what to do. more: the gate's story, local derivatives and shapes. solution: the code.
        page: of a wrong one, its value beside the right one; none where loops are given.
        found: what the diagnosis of hand-ins has proved of a wrong one.
    """

    name: str
    step: str
    status: str
    line: int
    evidence: str
    notes: tuple[str, ...]
    hint: str
    more: tuple[str, ...]
    solution: tuple[str, ...]
    page: Page | None = None
    found: Finding | None = None


@dataclass(frozen=True)
class WorksheetReport:
    """A graded worksheet: the layer's name, and one entry for every blank, in the order of the backward pass."""

    file: str
    layer: str
    entries: tuple[Entry, ...]

    @property
    def next(self) -> Entry | None:
        """The first blank that is open, or longer than it should be; None when nothing is left to do."""
        return next((entry for entry in self.entries if entry.status in (OPEN, LONGER)), None)

    @property
    def wrong(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.status == WRONG)

    @property
    def passed(self) -> bool:
        return bool(self.entries) and all(entry.status == RIGHT for entry in self.entries)

    @property
    def score(self) -> float:
        """The share of the blanks that are right, from 0 to 1."""
        right = sum(entry.status == RIGHT for entry in self.entries)
        return right / len(self.entries) if self.entries else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed, "score": self.score}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WorksheetReport:
        tuples = ("notes", "more", "solution")
        entries = []
        for each in data["entries"]:
            page = Page.from_dict(each["page"]) if each["page"] else None
            found = Finding.from_dict(each["found"]) if each["found"] else None
            entries.append(Entry(**{**each, **{key: tuple(each[key]) for key in tuples}, "page": page, "found": found}))
        return cls(data["file"], data["layer"], tuple(entries))


def render(report: WorksheetReport, level: int = 0, explain: bool = False, width: int = 100) -> list[str]:
    """A report as lines of text: every blank that was looked at, then a hint for the first one that is left.

    Args:
        level: 1 adds the story of the gate and the shapes that meet; 2 adds the solutions.
        explain: with the values of wrong ones beside the right ones.
    """
    marks = {RIGHT: "right", WRONG: "WRONG", OPEN: "open", LATER: "later", LONGER: "long"}
    done = sum(entry.status == RIGHT for entry in report.entries)
    lines = [f"{report.file}: {report.layer}, {done} of {len(report.entries)} gradients are right"]
    wide = max((len(entry.name) for entry in report.entries), default=0)
    shown = [entry for entry in report.entries if entry.status in (RIGHT, WRONG)]
    for entry in [*shown, *([report.next] if report.next else [])]:
        place = f"{report.file}:{entry.line}" if entry.line else ""
        told = f"{marks[entry.status]:6}{entry.name:{wide}}  {place}  {entry.evidence}".rstrip()
        lines += [f"  {told}", *(f"        note: {note}" for note in entry.notes)]
        if entry.found is not None:
            lines.append(f"        {entry.found.meaning}")
            lines += [f"        expected  {entry.found.expected}"] if level > 1 and entry.found.expected else []
        if entry.status != RIGHT:
            lines.append(f"        {entry.hint}")
            lines += [f"        {line}" for line in entry.more if level > 0]
        if explain and entry.page is not None:
            lines += [f"        {line}" for line in render_page(entry.page, width - 8)]
    if level > 1:
        lines += ["", "The whole of it:"]
        lines += [f"    {line}" for entry in report.entries for line in entry.solution]
    elif report.wrong or report.next:
        lines.append(f"More: --hint {level + 2}")
    return lines
