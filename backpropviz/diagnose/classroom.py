"""Many hand-ins at once: finds the files, diagnoses them in parallel, one child process each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from backpropviz.diagnose.verdict import FileReport
from backpropviz.errors import LayerError


def collect(paths: Iterable[Path]) -> list[Path]:
    """The Python files among `paths` and below the folders among them; hidden folders are left out.

    Raises:
        LayerError: a path does not exist, or no Python file was found.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found = (file for file in sorted(path.rglob("*.py")) if not any(_hidden(part) for part in file.parts[1:]))
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
    diagnose: Callable[[Path], FileReport],
    *,
    jobs: int = 0,
    done: Callable[[FileReport], None] = lambda report: None,
) -> list[FileReport]:
    """One report for every file, in the order of the files.

    Args:
        diagnose: the diagnosis of one file; it waits for a child process, so threads are enough here.
        jobs: how many at once; 0 means one for every processor.
        done: called with each report as it comes in.
    """
    reports: dict[Path, FileReport] = {}
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        waiting = {pool.submit(diagnose, file): file for file in files}
        for future in as_completed(waiting):
            report = reports[waiting[future]] = future.result()
            done(report)
    return [reports[file] for file in files]
