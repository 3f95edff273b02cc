"""Findings on a file as a whole: it does not parse, or its top level fails."""

from __future__ import annotations

from pathlib import Path

from backpropviz.diagnose.student.loading import Student, Unreadable, read_text
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import Finding


def unreadable(path: Path, error: Unreadable) -> Finding:
    """The finding on a file that does not parse."""
    if error.python2:
        kind, expected = "python_2", "the text converted to Python 3, or --python2 to have it read as it is"
    else:
        kind, expected = "syntax", ""
    lines = read_text(path).splitlines()
    text = lines[error.line - 1].strip() if 0 < error.line <= len(lines) else ""
    return Finding(path.name, error.line, "", text, kind, str(error), kinds.WORDS[kind], expected, True)


def top_level(path: Path, student: Student) -> list[Finding]:
    """Findings on what stands outside of functions and fails."""
    lines = student.text.splitlines()
    return [
        Finding(
            path.name, line, "", lines[line - 1].strip(), kind, what, kinds.WORDS[kind], "",
        )
        for line, what in student.trouble
        for kind in ("does_not_end" if "did not end" in what else "crash",)
    ]  # fmt: skip
