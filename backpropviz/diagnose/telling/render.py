"""A report as plain text."""

from __future__ import annotations

from dataclasses import replace

from backpropviz.diagnose.telling.kinds import MILD
from backpropviz.diagnose.telling.render_page import render_page, wrapped
from backpropviz.diagnose.telling.spacing import marks
from backpropviz.diagnose.verdict import RIGHT, WRONG, FileReport, Finding, FunctionReport
from backpropviz.layers.sources import place

ALIGNED = 20  # characters; what is said of a line stands below the line, or behind a short margin if that is far right
_FACTS = ("not_finished", "wrong_blank", "python_2", "syntax")  # nothing to prove
MOST_NAMES = 5  # of what is wrong only because of a line


def render_text(report: FileReport, width: int = 100) -> str:
    """Findings first line first, in the order of the file; then what is right, and notes."""
    lines: list[str] = []
    for finding in report.findings:
        lines += [*_finding(finding, report.file, width), ""]
    told: set[Finding] = set()
    for function in report.functions:
        lines += [*_function(function, report.file, width, told), ""]
        told |= {*function.findings}
    lines += [line for note in report.notes for line in wrapped(f"note: {note}", width)]
    return "\n".join(lines).rstrip() + "\n"


def words_of(finding: Finding) -> list[str]:
    """All that is said of one finding, its code included."""
    return " ".join(_finding(replace(finding, page=None), finding.file, 100)).split()


def _function(function: FunctionReport, file: str, width: int, told: set[Finding]) -> list[str]:
    where = f"{place(file, function.line)}  {function.name}"
    ran = len(function.ran)
    if function.status == RIGHT:
        done = f"{ran - len(function.refused)} of {ran}" if function.refused else f"{ran}"
        but = f"; {len(function.refused)} refused" if function.refused else ""
        if function.closed_forms:
            but += f"; {', '.join(its.gradient for its in function.closed_forms)} in closed form"
        told_of = f"right: {', '.join(function.looked_at)}  ({done} configuration{'s' * (ran != 1)}{but})"
    elif function.status == WRONG:
        told_of = f"wrong in {len(function.failed)} of {ran} configurations" if ran else WRONG  # a worksheet has none
        if ran and function.score == 1.0 and all(finding.kind in MILD for finding in function.findings):
            told_of = f"results right in {ran} of {ran} configurations, but:"
    else:
        told_of = function.status + (f": {function.reason}" if function.reason else "")
    lines = wrapped(f"{where}  {told_of}", width)
    for finding in function.findings:
        if finding in told:
            lines += wrapped(f"because of line {finding.line} in {finding.function}, see above", width, "    ")
        else:
            lines += _finding(finding, file, width)
    if function.not_looked_at:
        unseen = f"not looked at: {', '.join(function.not_looked_at)}: no place was found where it is kept"
        lines += wrapped(unseen, width, "    ")
    told_shorter = [its.words for its in function.closed_forms] if function.status == RIGHT else []
    for words in [*told_shorter, *(f"note: {note}" for note in function.notes)]:
        lines += wrapped(words, width, "    ")
    return lines


def _finding(finding: Finding, file: str, width: int) -> list[str]:
    head = f"{place(file, finding.line)}  "
    lines = [f"{head}{finding.statement}".rstrip()]
    indent = " " * (len(head) if len(head) <= min(ALIGNED, width // 4) else 4)
    body = [f"{finding.evidence}: {finding.meaning}"]
    code: list[str] = []  # is not wrapped: it is there to be copied
    if not finding.expected and finding.step:
        body.append(f"it is step {finding.step} of the layer; no single edit was found that mends it")
    if finding.expected:
        step = f"  (step {finding.step})" if finding.step else ""
        sure = (
            "" if finding.proved or finding.kind in _FACTS else "  (inferred, no single edit was found that mends it)"
        )
        code.append(f"expected  {finding.expected}{step}{sure}")
        if signs := _signs(finding):
            code.append(f"          {signs}")
        if finding.also:
            code.append(f"and the same in {', '.join(f'line {line}' for line, _ in finding.also)}")
    if finding.proved and finding.kind not in _FACTS:
        changes = "this change and the next" if finding.together else "this change"
        body.append(f"proved: run with {changes}, it comes out right")
        code += [f"or else line {line}  {text}" for line, text in finding.instead]
    if finding.configurations:
        body.append(f"shows with: {'; '.join(finding.configurations)}")
    if finding.cascade:
        verb = "are" if len(finding.cascade) > 1 else "is"
        shown, more = finding.cascade[:MOST_NAMES], len(finding.cascade) - MOST_NAMES
        names = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
        body.append(f"{names} {verb} wrong only because of this line.")
    first, *rest = (wrapped(line, width, indent) for line in body)
    page = render_page(finding.page, width - len(indent)) if finding.page is not None else []
    return [
        *lines, *first, *(f"{indent}{line}" for line in code), *(line for wrapped in rest for line in wrapped),
        *(f"{indent}{line}" for line in page),
    ]  # fmt: skip


def _signs(finding: Finding) -> str:
    """A line that points at what is new in the mended statement; empty where it is another statement."""
    is_code = finding.proved and finding.kind != "missing_line" and "  (" not in finding.expected
    spans = marks(finding.statement, finding.expected) if is_code else []
    if not spans or sum(end - begin for begin, end in spans) > 0.6 * len(finding.expected):
        return ""
    return "".join("^" if any(a <= i < b for a, b in spans) else " " for i in range(max(b for _, b in spans)))
