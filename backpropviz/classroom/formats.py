"""The formats that reports are written in for other programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from backpropviz.classroom.annotations import as_github, as_sarif
from backpropviz.classroom.autograders import AUTOGRADERS, as_junit
from backpropviz.classroom.exact import as_csv, as_json, as_jsonl
from backpropviz.classroom.words import checks
from backpropviz.diagnose.verdict import FileReport

Format = Callable[[list[FileReport]], str]


def _graded(write: Callable[..., str], reports: list[FileReport]) -> str:
    return write(checks(reports))


FORMATS: dict[str, Format] = {
    "json": as_json, "jsonl": as_jsonl, "csv": as_csv, "github": as_github, "sarif": as_sarif, "junit": as_junit,
    **{name: partial(_graded, write) for name, write in AUTOGRADERS.items()},
}  # fmt: skip
