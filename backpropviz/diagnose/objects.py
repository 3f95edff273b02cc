"""Diagnoses functions and classes that Python holds: from a module, a notebook or a prompt."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import tempfile
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.diagnose.verdict import FileReport, Finding
from backpropviz.errors import LayerError

Code = Callable[..., Any] | type
_PLAIN = bool | int | float | complex | str | None


def diagnose_objects(backward: Code, forward: Code | None = None, **options: Any) -> FileReport:
    """The report on a backward pass, whose findings name the lines where it was written.

    Args:
        backward: a function, or a class that has both passes as methods.
        forward: the function it belongs to; needed where the names do not say (`swish_forward`, `swish_backward`).
        options: those of `diagnose`.

    Raises:
        LayerError: the source of a function cannot be had.
    """
    wanted = [backward] if forward is None else [forward, backward]
    options["functions" if forward is None else "pair"] = [its.__name__ for its in wanted]
    files = {_file(its) for its in wanted}
    if len(files) == 1 and (file := next(iter(files))) and file.suffix == ".py" and file.is_file():
        return diagnose(file, **options)
    beside = _beside(backward) if forward is None and isinstance(backward, types.FunctionType) else []
    parts = list(_with_what_they_use([*beside, *wanted]))
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as folder:
        gathered = Path(folder) / "functions.py"
        gathered.write_text("".join(part.text for part in parts), encoding="utf-8")
        return _as_written(diagnose(gathered, **options), parts, backward.__name__)


def _file(its: Code) -> Path | None:
    """The file that a function or class was read from, if it was."""
    code = getattr(inspect.unwrap(its), "__code__", None)
    name = code.co_filename if code else getattr(inspect.getmodule(its), "__file__", None)
    return Path(name) if name else None


def _beside(backward: types.FunctionType) -> list[Code]:
    """The other functions that were typed in where this one was: one of them may be its forward pass."""
    functions = (its for its in backward.__globals__.values() if isinstance(its, types.FunctionType))
    return [
        its
        for its in functions
        if its.__module__ == backward.__module__ and linecache.getlines(its.__code__.co_filename)
    ]


@dataclass(frozen=True)
class _Part:
    """A piece of the text that is run: its name, and the number of its first line where it was written."""

    name: str
    text: str
    line: int = 0


def _with_what_they_use(wanted: list[Code]) -> Iterator[_Part]:
    """The sources of functions, and before them those of the functions, modules and numbers that they use."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [(its.__name__, its) for its in reversed(wanted)]
    made: list[_Part] = []
    while waiting:
        name, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, types.ModuleType):
            made.insert(0, _Part(name, f"import {value.__name__} as {name}\n"))
        elif isinstance(value, _PLAIN):
            made.insert(0, _Part(name, f"{name} = {value!r}\n"))
        elif isinstance(value, types.FunctionType | type) and value.__module__ == wanted[-1].__module__:
            text, line = _source(value)
            made.append(_Part(name, text, line))
            waiting += _used(value)
        elif hasattr(value, "__module__") and getattr(value, "__name__", None):
            made.insert(0, _Part(name, f"from {_offered_by(value)} import {value.__name__} as {name}\n"))
    yield from made


def _offered_by(value: Any) -> str:
    """Where a name is imported from: its package, if that has it, since a file would ask there as well."""
    package = value.__module__.partition(".")[0]
    return package if getattr(sys.modules.get(package), value.__name__, None) is value else str(value.__module__)


def _source(value: Any) -> tuple[str, int]:
    try:
        lines, first = _class_lines(value) if isinstance(value, type) else inspect.getsourcelines(value)
    except (OSError, TypeError, SyntaxError, StopIteration) as error:
        raise LayerError(
            f"the source of {value.__name__} cannot be had", fix="Define it in a file or a notebook's cell."
        ) from error
    return textwrap.dedent("".join(lines)).rstrip() + "\n\n\n", max(first, 1)


def _class_lines(value: type) -> tuple[list[str], int]:
    """The lines of a class, by the code of its methods: Python finds only classes of modules with a file."""
    codes = (its.__code__ for its in vars(value).values() if isinstance(its, types.FunctionType))
    code = next(codes)
    lines = linecache.getlines(code.co_filename)
    found = next(
        node for node in ast.walk(ast.parse("".join(lines)))
        if isinstance(node, ast.ClassDef) and node.name == value.__name__
        and node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
    )  # fmt: skip
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    return lines[first - 1 : found.end_lineno], first


def _used(value: Any) -> list[tuple[str, Any]]:
    """The global names that a function's or a class's code reads, with what they stand for."""
    functions = [value] if isinstance(value, types.FunctionType) else list(vars(value).values())
    found: dict[str, Any] = {}
    for function in functions:
        codes = [function.__code__] if isinstance(function, types.FunctionType) else []
        while codes:
            code = codes.pop()
            found |= {name: function.__globals__[name] for name in code.co_names if name in function.__globals__}
            codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return list(found.items())


def _as_written(report: FileReport, parts: list[_Part], name: str) -> FileReport:
    """A report on the gathered text, with the lines of each function as they are where it was written."""
    where: dict[int, tuple[str, int]] = {}
    line = 1
    for part in parts:
        for offset in range(part.text.count("\n")):
            where[line + offset] = (part.name, part.line + offset)
        line += part.text.count("\n")

    def moved(finding: Finding) -> Finding:
        name, line = where.get(finding.line, (finding.file, finding.line))
        return replace(
            finding, file=name, line=line,
            also=tuple((where.get(line, ("", line))[1], text) for line, text in finding.also),
            instead=tuple((where.get(line, ("", line))[1], text) for line, text in finding.instead),
        )  # fmt: skip

    functions = tuple(
        replace(its, line=where.get(its.line, ("", its.line))[1], findings=tuple(map(moved, its.findings)))
        for its in report.functions
    )
    return replace(report, file=name, functions=functions, findings=tuple(map(moved, report.findings)))
