"""Writes worksheets: the forward pass given, and a blank for every gradient of the backward pass.

A worksheet is a Python file that runs. Its first line says which layer it is about; `grading.py` reads it again.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.listing import Listing, Statement, imports, indented
from backpropviz.code.pairs import captioned, packed, unpacked
from backpropviz.code.scope import helpers, read_names, scope_of
from backpropviz.code.straight import listing
from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.exercises.blanks import Blank, blanks
from backpropviz.exercises.looped import Sheet, sheet
from backpropviz.exercises.signing import Origin
from backpropviz.files import write
from backpropviz.layers.library import load
from backpropviz.layers.sources import split_spec
from backpropviz.show.view import view


def write_worksheet(
    spec: str,
    output: Path,
    settings: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Any] | None = None,
    solved: bool = False,
    closed: bool = False,
) -> None:
    """Write the worksheet of a layer, "batchnorm" or "mine.py:swish", to a file.

    Raises:
        LayerError, TraceError, InputError: as for tracing the layer. DrawingError: the file cannot be written.
    """
    write(output, worksheet(spec, settings, shapes, output.parent, solved, closed).encode())


def worksheet(
    spec: str,
    settings: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Any] | None = None,
    folder: Path = Path(),
    solved: bool = False,
    closed: bool = False,
) -> str:
    """The text of a worksheet.

    Args:
        settings, shapes: of the run it is about, as for `Layer.trace`.
        folder: where it will lie; a user's file is named from there.
        solved: with the solutions in place of the blanks. closed: asks for a closed form alone.

    Raises:
        InputError: a closed form is asked for, and none is known.
    """
    layer = load(spec)
    trace = layer.trace(settings, shapes=shapes)
    trace.backward()
    loops = sheet(trace) if trace.loops and not closed else None
    origin = Origin(_from(folder, spec), dict(settings or {}), dict(shapes or {}), loops is not None)
    if loops is not None:
        return _looped(trace, loops, origin, solved)
    shown = view(trace, layer.name)
    wanted = blanks(shown)
    if closed:
        from backpropviz.exercises.closed import task

        asked = task(layer, origin.settings, wanted, {step.name for step in trace.steps}, solved)
        origin, lines = replace(origin, goal=asked.goal), [*asked.lines]
        solutions = [line.strip() for line in lines if "= ..." not in line]
    else:
        lines = _backward(wanted, solved)
        solutions = [line for blank in wanted for line in blank.solution]
    code = listing(trace, wanted=[step.node for step in trace.steps])
    read = read_names(solutions)
    sizes = _sizes(trace, code, read)
    given = [*trace.inputs, *code.constants, *_used_settings(trace, code, read)]
    cache = [*given, *sizes, *(step.name for step in trace.steps)]
    called = sorted({*code.helpers, *(read & set(helpers()))})
    text = [
        *(_CLOSED_TASK if closed else _TASK),
        "# next. With --hint 2 it tells more, with --hint 3 all. Shapes are those of the sample inputs.",
        *imports(called),
        "", "",
        f"def {trace.layer}_forward({_signature(trace, code, given)}):",
        *indented([*_size_statements(trace, sizes), *_forward(trace, code, [*given, *sizes, *called])]),
        *indented([*packed("cache = ", cache), f"return {_outputs(trace)}, cache"]),
        "", "",
        f"def {trace.layer}_backward({', '.join(code.upstream)}, cache):",
        *indented(unpacked(cache, "cache")),
        *indented(lines),
        f"    return {', '.join(f'd{name}' for name in trace.grad)}",
        "",
    ]  # fmt: skip
    below = "\n".join(text)
    return f"{origin.header(below)}\n{below}"


_TASK = (
    "#",
    "# The forward pass is given. Write the backward pass: replace every `...` by code, from top to bottom.",
    "# Run `backpropviz diagnose` on this file as often as you like: it says what is right so far, and what comes",
)


_CLOSED_TASK = (
    "#",
    "# The forward pass is given, and what comes before and after. Replace the `...` by one expression, without the",
    "# steps on the way; helping lines above it are fine, and their operations count (laying out arrays does not).",
    "# Run `backpropviz diagnose` on this file as often as you like: it says whether it is right, and what comes",
)


def _looped(trace: Trace, sheet: Sheet, origin: Origin, solved: bool) -> str:
    """The worksheet of a function with loops: they are given, and what a round computes is asked for."""
    code = sheet.listing
    given = [*code.parameters, *code.settings]
    text = [
        *_TASK,
        "# next; in a loop also, in which round it goes wrong first. With --hint 2 it tells more, with --hint 3 all.",
        *imports(code.helpers),
        "", "",
        f"def {trace.layer}_forward({_signature(trace, code, given)}):",
        *indented([*code.sizes, *sheet.forward, *packed("cache = ", sheet.cache)]),
        f"    return {', '.join([*code.outputs, 'cache'])}",
        "", "",
        f"def {trace.layer}_backward({', '.join(code.upstream)}, cache):",
        *indented([*unpacked(sheet.cache, "cache"), *(sheet.solved if solved else sheet.asked)]),
        f"    return {', '.join(code.returns)}",
        "",
    ]  # fmt: skip
    below = "\n".join(text)
    return f"{origin.header(below)}\n{below}"


def _backward(wanted: list[Blank], solved: bool) -> list[str]:
    lines: list[str] = []
    above: str | None = None
    for blank in wanted:
        if blank.step != above:
            above = blank.step
            lines += ["", f"# step {blank.step}: {blank.code}" if blank.step else "# the inputs: where paths meet"]
        if solved:
            lines += blank.solution
        else:
            lines.append(f"{blank.name} = ...  # {blank.task}")
    return [*lines, ""]


def _forward(trace: Trace, code: Listing, known: list[str]) -> list[str]:
    """The forward statements as the source reads, where that means the same out of its place; else as recorded."""
    versions = {step.name.rpartition("_")[0] for step in trace.steps if not step.statement.startswith(f"{step.name} ")}
    available = {*known, "np", *dir(builtins)}
    statements = []
    for statement in code.forward:
        step = statement.step
        names = read_names([step.statement]) if step is not None else set()
        as_written = step is not None and statement.node is step.node and step.node.primitive not in WRITES
        if step is not None and as_written and step.group is None and names <= available - versions:
            statement = Statement(statement.name, " ".join(step.code.split()), statement.node, step)
        statements.append(statement)
        available.add(statement.name)
    read = read_names([*(statement.code for statement in statements), _outputs(trace)])
    statements = [each for each in statements if each.node is (each.step and each.step.node) or each.name in read]
    if not _runs(trace, code, statements):
        statements = code.forward
    return captioned(statements)


def _runs(trace: Trace, code: Listing, statements: list[Statement]) -> bool:
    """Whether the statements give the recorded values."""
    scope = scope_of(trace)
    try:
        with np.errstate(all="ignore"):
            for statement in statements:
                scope[statement.name] = eval(statement.code, scope)
                if not np.allclose(scope[statement.name], statement.node.value, rtol=1e-9, atol=0, equal_nan=True):
                    return False
    except Exception:
        return False
    return True


def _sizes(trace: Trace, code: Listing, read: set[str]) -> list[str]:
    wanted = read | {name for line in code.sizes for name in _assigned(line)}
    return [name for size in trace.sizes for name in size.names if name in wanted and name != "_"]


def _size_statements(trace: Trace, names: list[str]) -> list[str]:
    """The statements that set sizes, with those they need, in order."""
    wanted = set(names)
    chosen: list[str] = []
    for size in reversed(trace.sizes):
        if wanted & set(size.names):
            wanted |= set(size.needs)
            chosen.append(size.statement)
    return chosen[::-1]


def _assigned(line: str) -> set[str]:
    nodes = ast.walk(ast.parse(line))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _used_settings(trace: Trace, code: Listing, read: set[str]) -> list[str]:
    needs = {name for size in trace.sizes for name in size.needs}
    return [name for name in trace.settings if name in code.settings or name in read | needs]


def _signature(trace: Trace, code: Listing, given: list[str]) -> str:
    settings = trace.settings
    held = {*code.parameters} - {*trace.inputs}  # dictionaries and lists of arrays, which are settings to the run
    required = [name for name in given if name not in settings or name in held]
    options = [f"{name}={plain(settings[name])!r}" for name in given if name in settings and name not in held]
    return ", ".join([*required, *(["*", *options] if options else [])])


def _outputs(trace: Trace) -> str:
    return ", ".join(node.name or "out" for node in trace.outputs)


def _from(folder: Path, spec: str) -> str:
    """A file's name as seen from a folder; a layer's name as it is."""
    path, wanted = split_spec(spec)
    if not path:
        return spec
    seen = Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    return f"{seen}:{wanted}" if wanted else seen
