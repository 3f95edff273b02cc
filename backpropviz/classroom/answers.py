"""What was said before is not found out again: answers by content, in a folder or in the lines of an earlier run."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz import __version__, files
from backpropviz.classroom.exact import HEAD, line
from backpropviz.classroom.handins import as_they_end, leads_out
from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.diagnose.verdict import FAULT, FileReport
from backpropviz.errors import LayerError
from backpropviz.text import clean_line

_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+\.?([\w.]+)", re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parents[1]


def digest(file: Path, options: dict[str, Any]) -> str:
    """What an answer depends on, as a hash: the text of the file and of what it imports from beside it, whether it is a
    link, the options, and the versions of this tool, Python and NumPy."""
    whole = hashlib.sha256(json.dumps([_tool(), options, leads_out(file)], sort_keys=True, default=str).encode())
    for path in _with_neighbours(file):
        content = path.read_bytes()
        whole.update(f"{path.name if path != file else path.suffix}:{len(content)}:".encode() + content)
    return whole.hexdigest()[:32]


@functools.cache
def _tool() -> list[Any]:
    newest = max(path.stat().st_mtime_ns for path in _PACKAGE.rglob("*.py"))
    return [__version__, newest, platform.python_version(), np.__version__]


def _with_neighbours(file: Path) -> Iterator[Path]:
    """The file, and the files beside it that it imports, and those that they import."""
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        for name in sorted({found.decode().replace(".", "/") for found in _IMPORT.findall(path.read_bytes())}):
            beside = (path.parent / f"{name}.py", path.parent / name / "__init__.py")
            waiting += [other for other in beside if other.is_file()]


def is_final(report: FileReport) -> bool:
    """Whether another run would say the same: the tool did not fail, and no clock cut the work short."""
    return not report.cut_short and report.status != FAULT


class Cache:
    """Answers in a folder, a small file each, named by the digest.

    Raises:
        LayerError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LayerError(f"{folder} is no folder for a cache: {error.strerror}", fix="Name another.") from error
        self.folder = folder

    def get(self, key: str) -> FileReport | None:
        """The answer that was given before, if it can still be read."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return _report(json.loads((self.folder / f"{key}.json").read_bytes()))
        return None

    def put(self, key: str, report: FileReport) -> None:
        """Keep an answer."""
        files.write(self.folder / f"{key}.json", line(report, key).encode())


def unfinished(path: Path) -> dict[tuple[str, str], FileReport]:
    """The reports of a run that may have been ended at any moment, by path and digest: a line for each hand-in that was
    done. What was cut off at the end is dropped, from the file too, so that the run can go on writing there.

    Raises:
        LayerError: the file is something else.
    """
    whole = path.read_bytes() if path.is_file() else b""
    kept = whole.rfind(b"\n") + 1
    done = read_lines(path, whole[:kept])
    if kept < len(whole):
        os.truncate(path, kept)
    return done


def read_lines(path: Path, content: bytes) -> dict[tuple[str, str], FileReport]:
    """The reports in JSON lines, by path and digest.

    Raises:
        LayerError: a line is something else.
    """
    done: dict[tuple[str, str], FileReport] = {}
    for number, text in enumerate(content.splitlines(), 1):
        try:
            record = json.loads(text)
            done[record["file"], record.get("digest", "")] = _report(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fix = "Name a file that backpropviz diagnose --format jsonl has written."
            raise LayerError(f"{path}:{number} is no report of a hand-in", fix=fix) from error
    return done


def _report(record: dict[str, Any]) -> FileReport:
    if record["format"] != HEAD["format"] or record["version"] != HEAD["version"]:
        raise ValueError(record["format"])
    return FileReport.from_dict({key: record[key] for key in ("file", "functions", "findings", "notes", "cut_short")})


def reports(
    files: list[Path],
    options: dict[str, Any],
    *,
    jobs: int = 0,
    judge: Callable[..., FileReport] = diagnose,
    cache: Cache | None = None,
    earlier: Mapping[tuple[str, str], FileReport] | None = None,
    say: Callable[[FileReport, str], None] = lambda report, key: None,
    done: Callable[[int], None] = lambda count: None,
    called: Callable[[str], str] = str,
) -> list[FileReport]:
    """One report for each file, in the order of the files. Only what there is no answer to yet is run, and of files
    with the same text the first.

    Args:
        jobs, judge: as for `as_they_end`. options: the judge's.
        cache: answers by content. earlier: those of an unfinished run, by path and digest.
        say: called with each report that was not among the earlier ones, and its digest, as soon as it is there.
        done: called with how many more files are done. called: by what path reports tell of a file.
    """
    keys = {file: digest(file, options) for file in files}
    shown = {file: clean_line(called(str(file))) for file in files}
    found = {file: report for file in files if (report := (earlier or {}).get((shown[file], keys[file]))) is not None}
    done(len(found))
    waiting: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        if file not in found:
            waiting[keys[file]].append(file)

    def answer(report: FileReport, alike: list[Path]) -> None:
        for file in alike:
            found[file] = report.under(shown[file], Path(shown[file]).name)
            say(found[file], keys[file])
        done(len(alike))

    kept = {key: report for key in waiting if cache and (report := cache.get(key))}
    for key, report in kept.items():
        answer(report, waiting.pop(key))
    first = [alike[0] for alike in waiting.values()]
    for file, report in as_they_end(first, jobs=jobs, judge=judge, **options):
        if cache and is_final(report):
            cache.put(keys[file], report)
        answer(report, waiting[keys[file]])
    return [found[file] for file in files]
