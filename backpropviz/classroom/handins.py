"""Many hand-ins at once: finds the files, and has each diagnosed in a child process of its own, side by side."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.diagnose.verdict import LATE, RIGHT, FileReport
from backpropviz.errors import InputError, LayerError
from backpropviz.files import fits
from backpropviz.layers.sources import SUFFIXES
from backpropviz.show.tables.plain import counted


def collect(paths: Iterable[Path]) -> list[Path]:
    """The Python files and notebooks among `paths` and below the folders among them; hidden folders are left out.

    Raises:
        LayerError: a path does not exist or is no file of code, or no Python file was found.
    """
    files: dict[Path, None] = {}
    paths = list(paths)
    for path in paths:
        if path.is_dir():
            files.update(dict.fromkeys(below(path)))
        elif path.is_file() and path.suffix.lower() in ("", ".pyw", *SUFFIXES):
            files[path] = None
        elif path.is_file():
            raise LayerError(
                f"{path} is no Python file and no notebook", fix="Name a file of code: hw2.py, or hw2.ipynb."
            )
        else:
            raise LayerError(f"there is no file or folder {path}", fix="Check the path.")
    if not files:
        where = ", ".join(map(str, paths[:3]))
        fix = "Name .py files or notebooks, or folders that hold some."
        raise LayerError(f"no Python file was found in {where}", fix=fix)
    for file in files:
        fits(file)
    return list(files)


def below(folder: Path) -> list[Path]:
    """The Python files and notebooks in a folder and its folders, as a person would count them: hw2 before hw10."""
    found = [path for pattern in ("*.py", "*.ipynb") for path in folder.rglob(pattern) if path.is_file()]
    seen = (path for path in found if not any(_hidden(part) for part in path.relative_to(folder).parts))
    return sorted(seen, key=lambda path: natural(str(path)))


def leads_out(file: Path) -> bool:
    """Whether a file is a link out of its folder: to the solution, say, or to what nobody is to read."""
    return file.is_symlink() and not file.resolve().is_relative_to(file.parent.resolve())


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in a text by their value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _hidden(part: str) -> bool:
    return part == "__pycache__" or part.startswith(".")


def listed(lines: Iterable[str]) -> list[Path]:
    """The paths in a list of files, one on each line."""
    return [Path(line.rstrip("\r\n")) for line in lines if line.strip()]


def shard(files: list[Path], which: str) -> list[Path]:
    """The part `which` of the files, as "3/20": by the hash of the path, which is the same on every machine.

    Raises:
        InputError: `which` is no part, as 0/4 or 5/4.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", which)
    part, parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= parts:
        raise InputError(
            f"--shard {which} is no part of a whole", fix="Say which part of how many, the first being 1: --shard 1/20."
        )
    return [f for f in files if int(hashlib.sha256(f.as_posix().encode()).hexdigest(), 16) % parts == part - 1]


def as_they_end(
    files: Iterable[Path], *, jobs: int = 0, judge: Callable[..., FileReport] = diagnose, **options: Any
) -> Iterator[tuple[Path, FileReport]]:
    """Each file with its report, under the path it was found at, as soon as there is one.

    Args:
        jobs: how many at once; 0 means one for every processor. Each waits for a child process, so threads will do.
        judge: what makes a report of a file. options: its options.
    """
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        waiting = {pool.submit(judge, file, **options): file for file in files}
        for future in as_completed(waiting):
            file = waiting.pop(future)
            yield file, replace(future.result(), file=str(file))


def diagnose_all(files: list[Path], **options: Any) -> list[FileReport]:
    """One report for every file, in the order of the files; the options are those of `as_they_end`."""
    reports = dict(as_they_end(files, **options))
    return [reports[file] for file in files]


def totals(reports: list[FileReport]) -> str:
    """How many files came to which verdict."""
    counts = Counter(report.status for report in reports)
    return f"{counted(len(reports), 'file')}: " + ", ".join(
        f"{count} {status}" for status, count in counts.most_common()
    )


def verdict_line(report: FileReport) -> str:
    """A file's verdict on one line: how many functions are right, and the first wrong line."""
    examined = [function for function in report.functions if function.is_judged]
    right = sum(function.status == RIGHT for function in examined)
    functions = "function" if len(examined) == 1 else "functions"
    line = f"{report.file}: " + (f"{right} of {len(examined)} {functions} right" if examined else report.status)
    first = report.first
    if first is not None:
        words = first.evidence if first.kind == "wrong_value" or not first.statement else first.meaning
        what = f"{first.statement.rstrip(':')}: {words}" if first.statement else words
        return f"{line}; line {first.line}: {what}"
    unfinished = [function.name for function in examined if function.status != RIGHT]
    late = [function.name for function in report.functions if function.status == LATE]
    said = {"not finished": unfinished, LATE: late if examined else []}
    return "; ".join([line, *(f"{', '.join(names)} {how}" for how, names in said.items() if names)])
