"""What a student gets back: the marks, and as much about each wrong function as the assignment shows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from backpropviz import files
from backpropviz.classroom.assignment import SHOWN, Assignment
from backpropviz.classroom.autograders import AUTOGRADERS
from backpropviz.classroom.grades import Grade, Mark
from backpropviz.classroom.words import Check
from backpropviz.diagnose.telling.hints import render_hints
from backpropviz.diagnose.verdict import FileReport

_WIDTH = 88  # characters in a line of the text that is quoted

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #8886 }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums }}
pre {{ overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; font-size: .85rem }}
</style>
{body}
</html>
"""


def markdown(grade: Grade, assignment: Assignment) -> str:
    """The feedback as Markdown."""
    lines = [f"# {_plain(_title(grade, assignment))}", "", "| function | points | of |", "|---|---:|---:|"]
    lines += [f"| {_plain(mark.check.name)} | {mark.check.score:g} | {mark.check.points:g} |" for mark in grade.marks]
    lines += [f"| total | {grade.score:g} | {assignment.points:g} |", ""]
    for heading, text in _sections(grade, assignment):
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        lines += [f"## {_plain(heading)}", "", f"{fence}text", text, fence, ""]
    return "\n".join(lines)


def page(grade: Grade, assignment: Assignment) -> str:
    """The feedback as an HTML page without anything from elsewhere."""
    title = html.escape(_title(grade, assignment))
    rows = [(mark.check.name, mark.check.score, mark.check.points) for mark in grade.marks]
    body = [f"<h1>{title}</h1>", "<table>", "<tr><th>function</th><th>points</th><th>of</th></tr>"]
    for name, score, points in [*rows, ("total", grade.score, assignment.points)]:
        numbers = f'<td class="number">{score:g}</td><td class="number">{points:g}</td>'
        body.append(f"<tr><td>{html.escape(name)}</td>{numbers}</tr>")
    body.append("</table>")
    for heading, text in _sections(grade, assignment):
        body += [f"<h2>{html.escape(heading)}</h2>", f"<pre>{html.escape(text)}</pre>"]
    return PAGE.format(title=title, body="\n".join(body))


def _title(grade: Grade, assignment: Assignment) -> str:
    return f"{assignment.title}: {grade.name}" if assignment.title else grade.name


def _sections(grade: Grade, assignment: Assignment) -> Iterator[tuple[str, str]]:
    """What there is to say, under a heading each: about the files, then about each function that is not right."""
    level = SHOWN.index(assignment.show)
    if grade.findings:
        yield "The file as a whole", "\n\n".join(grade.findings)
    for mark in grade.marks:
        if level and not mark.check.right:
            yield mark.check.name, _told(mark, level)


def _told(mark: Mark, level: int) -> str:
    """A function's verdict as `diagnose` prints it, with as much as the level of a hint gives away."""
    if mark.report is None or not mark.report.findings:
        return mark.check.said
    file = mark.report.findings[0].file
    text = render_hints(FileReport(file, (mark.report,)), level, _WIDTH)
    return "\n".join(line for line in text.splitlines() if not line.startswith("More: --hint")).rstrip()


def _plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~-])", r"\\\1", text.replace("\n", " "))


def _for_autograder(write: Callable[[Iterable[Check]], str], grade: Grade, assignment: Assignment) -> str:
    """An autograder's results file for one hand-in: what is shown is what the assignment shows."""
    level = SHOWN.index(assignment.show)
    checks = [
        mark.check if mark.check.right else replace(mark.check, said=_told(mark, level) if level else "")
        for mark in grade.marks
    ]
    return write(checks)


WRITERS: dict[str, tuple[str, Callable[[Grade, Assignment], str]]] = {
    "md": (".md", markdown),
    "html": (".html", page),
    **{name: (".json", partial(_for_autograder, write)) for name, write in AUTOGRADERS.items()},
}
"""By format: the ending of a file's name, and what writes it."""


def write_all(folder: Path, grades: list[Grade], assignment: Assignment, format_: str) -> None:
    """A file for each hand-in, under its name.

    Raises:
        DrawingError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ending, write = WRITERS[format_]
    for grade in grades:
        files.write(folder / f"{grade.name}{ending}", write(grade, assignment).encode())
