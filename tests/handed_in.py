"""A hand-in written to a file, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from backpropviz.diagnose import FileReport, diagnose


def report(folder: Path, text: str) -> FileReport:
    path = folder / "hand_in.py"
    path.write_text(text, encoding="utf-8")
    return diagnose(path)
