"""Many hand-ins at once: finds the files, diagnoses them in parallel, one child process each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

from backpropviz.diagnose.runner import diagnose
from backpropviz.diagnose.verdict import FAULT, RIGHT, UNKNOWN, FileReport
from backpropviz.errors import LayerError


def collect(paths: Iterable[Path]) -> list[Path]:
    """The Python files among `paths` and below the folders among them; hidden folders are left out.

    Raises:
        LayerError: a path does not exist, or no Python file was found.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files_below = sorted([*path.rglob("*.py"), *path.rglob("*.ipynb")])
            found = (file for file in files_below if not any(_hidden(part) for part in file.parts[1:]))
            files.update(dict.fromkeys(file for file in found if file.is_file()))
        elif path.is_file():
            files[path] = None
        else:
            raise LayerError(f"there is no file or folder {path}", fix="Check the path.")
    if not files:
        raise LayerError("no Python file was found", fix="Name .py files, or folders that hold some.")
    return list(files)


def _hidden(part: str) -> bool:
    return part == "__pycache__" or (part.startswith(".") and part not in (".", ".."))


def diagnose_all(
    files: list[Path],
    *,
    jobs: int = 0,
    done: Callable[[int], None] = lambda count: None,
    judge: Callable[..., FileReport] = diagnose,
    **options: Any,
) -> list[FileReport]:
    """One report for every file, in the order of the files, each under the path it was found at.

    Args:
        jobs: how many at once; 0 means one for every processor. Each waits for a child process, so threads will do.
        done: called with 1 as each report comes in.
        judge: what makes a report of a file. options: its options.
    """
    reports: dict[Path, FileReport] = {}
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        waiting = {pool.submit(judge, file, **options): file for file in files}
        for future in as_completed(waiting):
            reports[waiting[future]] = future.result()
            done(1)
    return [replace(reports[file], file=str(file)) for file in files]


def totals(reports: list[FileReport]) -> str:
    """How many files came to which verdict."""
    counts = Counter(report.status for report in reports)
    return f"{len(reports)} files: " + ", ".join(f"{count} {status}" for status, count in counts.most_common())


def verdict_line(report: FileReport) -> str:
    """A file's verdict on one line: how many functions are right, and the first wrong line."""
    examined = [function for function in report.functions if function.status not in (UNKNOWN, FAULT)]
    right = sum(function.status == RIGHT for function in examined)
    functions = "function" if len(examined) == 1 else "functions"
    line = f"{report.file}: " + (f"{right} of {len(examined)} {functions} right" if examined else report.status)
    first = report.first
    if first is not None:
        words = first.evidence if first.kind == "wrong_value" or not first.statement else first.meaning
        what = f"{first.statement.rstrip(':')}: {words}" if first.statement else words
        return f"{line}; line {first.line}: {what}"
    unfinished = [function.name for function in examined if function.status != RIGHT]
    return f"{line}; {', '.join(unfinished)} not finished" if unfinished else line
