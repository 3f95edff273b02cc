"""Whether a record that came from the process of a student's code is a report: everything in it may be made up."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from backpropviz.diagnose.telling.kinds import WORDS
from backpropviz.diagnose.telling.page import MOST_COLUMNS, MOST_ROWS, Page
from backpropviz.diagnose.verdict import (
    FAULT,
    LATE,
    REFUSED,
    RIGHT,
    UNFINISHED,
    UNKNOWN,
    WRONG,
    FileReport,
    Finding,
    FunctionReport,
)
from backpropviz.text import cleaned

_STATUSES = (RIGHT, WRONG, UNFINISHED, REFUSED, UNKNOWN, LATE, FAULT)
_MOST_LINES, _MOST_FUNCTIONS, _MOST_TABLES = 10_000_000, 1_000, 100


class Malformed(Exception):  # noqa: N818
    """It is no report."""


def report(record: Any, file: str) -> FileReport:
    """The report that a record holds, its texts made safe, under the name of the file it is about.

    Raises:
        Malformed: it is none.
    """
    try:
        found = FileReport.from_dict(cleaned(record))
        _expect(len(found.functions) <= _MOST_FUNCTIONS)
        _expect(type(found.cut_short) is bool and _texts(found.notes))
        for finding in found.all_findings:
            _check_finding(finding)
        for function in found.functions:
            _check_function(function)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Malformed(str(error)) from error
    return FileReport(file, found.functions, found.findings, found.notes, cut_short=found.cut_short)


def _check_finding(finding: Finding) -> None:
    _expect(finding.kind in WORDS and type(finding.line) is int and 0 <= finding.line < _MOST_LINES)
    _expect(type(finding.proved) is bool and type(finding.together) is bool)
    _expect(_texts((finding.file, finding.function, finding.statement, finding.evidence, finding.meaning)))
    _expect(_texts((finding.expected, finding.step, *finding.configurations, *finding.cascade)))
    _expect(all(type(line) is int and type(text) is str for line, text in (*finding.instead, *finding.also)))
    if finding.page is not None:
        _check_page(finding.page)


def _check_page(page: Page) -> None:
    tables = (page.right, *page.inputs, *(() if page.yours is None else (page.yours,)))
    _expect(_texts((page.name, page.meaning, page.came, page.on, *page.settings)) and len(tables) < _MOST_TABLES)
    for table in tables:
        _expect(type(table.name) is str and len(table.rows) <= MOST_ROWS)
        _expect(all(type(n) is int for n in (*table.shape, *table.at, *table.corner)))
        for row in table.rows:
            _expect(len(row) <= MOST_COLUMNS)
            _expect(all(type(entry) in (int, float, bool) or entry in ("nan", "inf", "-inf") for entry in row))


def _check_function(function: FunctionReport) -> None:
    _expect(function.status in _STATUSES and type(function.line) is int and 0 <= function.line < _MOST_LINES)
    _expect(type(function.score) in (int, float) and 0 <= function.score <= 1 and type(function.own) is bool)
    for its in fields(function):
        value = getattr(function, its.name)
        if isinstance(value, tuple) and its.name not in ("findings", "closed_forms"):
            _expect(_texts(value))
    for form in function.closed_forms:
        _expect(_texts((form.gradient, form.source)))
        numbers = (form.line, form.operations, form.chain_operations, form.chain_steps)
        _expect(all(type(number) is int and 0 <= number < _MOST_LINES for number in numbers))
    _expect(_texts((function.name, function.layer, function.reason)))


def _texts(values: tuple[Any, ...]) -> bool:
    return all(type(value) is str for value in values)


def _expect(holds: bool) -> None:
    if not holds:
        raise ValueError("a value is not of its kind")
