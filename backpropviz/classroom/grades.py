"""Hand-ins graded by an assignment: a mark for each function asked for, and a table of the class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from backpropviz.classroom.assignment import Assignment, Task
from backpropviz.classroom.exact import cell
from backpropviz.classroom.handins import below, natural
from backpropviz.classroom.words import Check, check, describe
from backpropviz.diagnose.pairs.protocols.subjects import stem_of
from backpropviz.diagnose.pairs.recognition import recognize
from backpropviz.diagnose.verdict import FileReport, FunctionReport
from backpropviz.errors import LayerError
from backpropviz.text import clean_line


@dataclass(frozen=True)
class HandIn:
    """What one student handed in: a file, or a folder with all files in it."""

    name: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Mark:
    """What a function got. `by_hand`: why a person has to look at it; what cannot be judged is worth nothing yet."""

    check: Check
    report: FunctionReport | None = None
    by_hand: str = ""


@dataclass(frozen=True)
class Grade:
    """A hand-in's marks, in the order of the assignment. `findings`: what is wrong with its files as a whole."""

    name: str
    marks: tuple[Mark, ...]
    findings: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return round(sum(mark.check.score for mark in self.marks), 4)


def hand_ins(paths: Iterable[Path]) -> list[HandIn]:
    """The hand-ins among the paths: every file, and in a folder every file and every folder with Python files below it.

    Raises:
        LayerError: a path does not exist, or nothing was handed in.
    """
    found: list[HandIn] = []
    for path in paths:
        if path.is_file():
            found.append(HandIn(path.stem, (path,)))
        elif path.is_dir():
            by_name: dict[str, list[Path]] = {}
            for file in below(path):
                inside = file.relative_to(path).parts
                by_name.setdefault(inside[0] if len(inside) > 1 else file.stem, []).append(file)
            found += [HandIn(name, tuple(files)) for name, files in by_name.items()]
        else:
            raise LayerError(f"there is no file or folder {path}", fix="Check the path.")
    if not found:
        raise LayerError("nothing was handed in", fix="Name .py files, or a folder that holds some.")
    names = [its.name for its in found]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise LayerError(f"two hand-ins are called {clash}", fix="Name the folder above them, or one at a time.")
    return sorted(found, key=lambda its: natural(its.name))


def grade(hand_in: HandIn, reports: list[FileReport], assignment: Assignment) -> Grade:
    """Marks for what the assignment asks for; other functions earn nothing. `reports`: one for each file."""
    findings = tuple(describe(finding) for report in reports for finding in report.findings)
    return Grade(hand_in.name, tuple(_mark(task, reports) for task in assignment.tasks), findings)


def _mark(task: Task, reports: list[FileReport]) -> Mark:
    named = [its for report in reports for its in report.functions if its.name == task.name]
    if not named:
        whole = any(report.findings for report in reports)
        said = "could not be looked at: the file as a whole is not in order" if whole else "is not in the hand-in"
        return Mark(Check(task.name, False, 0.0, said, task.points))
    best = max(named, key=lambda its: its.score)
    if not best.is_judged:
        said = f"{best.status}: {best.reason}" if best.reason else best.status
        return Mark(Check(task.name, False, 0.0, said, task.points), best, said)
    if task.layer and (best.own or best.layer != task.layer):
        said = f"it was read as {'a layer of its own' if best.own else best.layer}; {task.layer} was asked for"
        return Mark(Check(task.name, False, 0.0, said, task.points), best, said)
    return Mark(check(best, task.name, task.points), best, _unpinned(best))


def _unpinned(report: FunctionReport) -> str:
    """Why a person has to look at a layer of a known name that was held against its own forward pass alone."""
    named = recognize(f"{stem_of(report.name.partition('.')[0])}_backward") or recognize(report.name)
    if named is None or not report.own or not report.score:
        return ""
    return f'held against its own forward pass alone; as = "{named.layer.name}" asks for the layer'


def table(grades: list[Grade], assignment: Assignment) -> str:
    """The class as CSV: a row for each hand-in, a column for each function, and what a person has to look at."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["hand-in", *(task.name for task in assignment.tasks), "total", "of", "to look at by hand"])
    for its in grades:
        marks = [f"{mark.check.score:g}" for mark in its.marks]
        by_hand = "; ".join(f"{mark.check.name}: {mark.by_hand}" for mark in its.marks if mark.by_hand)
        rows.writerow([cell(clean_line(its.name)), *marks, f"{its.score:g}", f"{assignment.points:g}", cell(by_hand)])
    return text.getvalue()
