"""Runs a Python file or notebook as a module; a bare listing of statements becomes a function."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from backpropviz.engine.source import SourceText, register
from backpropviz.engine.trees import walk
from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.layers.imports import GIVEN, as_meant, imports_of
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.python2 import READ
from backpropviz.layers.sources import Part, read_parts

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUTURE_FLAGS = 0x1000000  # `from __future__ import annotations`


def load_module(file: Path) -> ModuleType:
    """Run a file and return it as a module. Files beside it can be imported by it, as when Python runs a script.

    Modules that are missing are stood in for: only what needs them fails. Of a notebook, what its definitions stand on
    is run, and nothing else; what fails there does not stop the rest.

    Raises:
        LayerError: it cannot be read, has a syntax error, or fails while it runs.
    """
    parts = [as_meant(part) for part in read_parts(file)]
    if not any(isinstance(node, _DEFINITIONS) for part in parts for node in part.tree.body):
        parts = [_wrap_listing(part) for part in parts]
    module = ModuleType(f"backpropviz_file_{file.stem}")
    module.__doc__ = next((doc for part in parts if (doc := ast.get_docstring(part.tree))), None)
    module.__file__ = str(file)
    vars(module).update(GIVEN, __notes__=[READ] if any(part.is_python_2 for part in parts) else [])
    is_notebook = file.suffix == ".ipynb"
    wanted = _stood_on(parts) if is_notebook else None
    plots = any("matplotlib" in part.text for part in parts) and "matplotlib" not in sys.modules
    with (
        imports_of(file) as package,
        _without_windows() if plots else contextlib.nullcontext(),
        _kept_quiet() if is_notebook else contextlib.nullcontext(),
    ):
        module.__package__ = package
        _run(parts, module, file, wanted)
    return module


def _run(parts: list[Part], module: ModuleType, file: Path, wanted: set[ast.stmt] | None) -> None:
    """Run statement by statement: what a missing module would have made is left out, with what is made from it."""
    flags = _FUTURE_FLAGS if any(_has_future_annotations(part.tree) for part in parts) else 0
    lost: set[str] = set()
    waiting = [(part, statement) for part in parts for statement in part.tree.body]
    while waiting:
        part, statement = waiting.pop(0)
        if wanted is not None and statement not in wanted:
            continue
        try:
            code = compile(ast.Module([statement], []), part.name, "exec", flags=flags, dont_inherit=True)
            exec(code, vars(module))
        except BackpropvizError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, MissingModule) and getattr(statement, "decorator_list", None):  # @jit: goes without
                statement.decorator_list = []  # type: ignore[attr-defined]
                waiting.insert(0, (part, statement))
            elif (
                wanted is not None
                or isinstance(error, MissingModule)
                or (isinstance(error, NameError) and error.name in lost)
            ):
                lost |= bound(statement)
            else:
                raise LayerError(
                    f"{file.name} failed while it was loaded: {type(error).__name__}: {error}",
                    where=f"{Path(part.name).name}:{_line_in(error, part.name)}",
                    fix="Does `python` run it on its own?",
                ) from error


def _has_future_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.names[0].name == "annotations"
        for node in tree.body
    )


def _line_in(error: BaseException, file: str) -> int:
    line, traceback = getattr(error, "lineno", None) or 0, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


@contextlib.contextmanager
def _without_windows() -> Iterator[None]:
    """A plot at the top of a file opens no window, and waits for nobody."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MPLBACKEND", None)
        else:
            os.environ["MPLBACKEND"] = before


@contextlib.contextmanager
def _kept_quiet() -> Iterator[None]:
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


# ---- what is run of a notebook ---------------------------------------------------------------------------------------


def _stood_on(parts: list[Part]) -> set[ast.stmt]:
    """The definitions and imports, and every statement that makes or changes a name they read."""
    statements = [statement for part in parts for statement in part.tree.body]
    chosen = {node for node in statements if _defines(node)}
    read = {name for node in chosen for name in _read(node)}
    made: set[str] = set()
    before = -1
    while len(chosen) > before:
        before = len(chosen)
        for node in statements:
            if node in chosen:
                continue
            if isinstance(node, ast.Expr):  # config.update(...), sys.path.append(...)
                wanted = _root(node.value) in made or ast.unparse(node).startswith("sys.path.")
            else:
                wanted = bool(bound(node) & read)
            if wanted:
                chosen.add(node)
                read |= _read(node)
                made |= bound(node)
    return chosen


def _defines(node: ast.stmt) -> bool:
    inside = walk(node) if isinstance(node, ast.If | ast.Try | ast.With) else [node]
    return any(isinstance(part, (*_DEFINITIONS, ast.Import, ast.ImportFrom)) for part in inside) or (
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
    )


def _read(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement makes, or changes in part."""
    names = {n.name for n in walk(node) if isinstance(n, _DEFINITIONS)}
    for target in walk(node):
        if isinstance(target, ast.Name | ast.Attribute | ast.Subscript) and isinstance(target.ctx, ast.Store):
            names.add(_root(target))
        elif isinstance(target, ast.alias):
            names.add((target.asname or target.name).partition(".")[0])
    return names


def _root(node: ast.AST) -> str:
    """The name that an expression starts with: "config" of `config.sizes.append(3)`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


# ---- what is run in place of what is written -------------------------------------------------------------------------


def _wrap_listing(part: Part) -> Part:
    """A bare listing, statements that read names nobody gave, becomes a function of those names."""
    free: dict[str, None] = {}
    read: set[str] = set()  # free names that are read at once, not only when a lambda is called
    known = set(dir(builtins)) | set(GIVEN)
    imports = [node for node in part.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    body: list[ast.stmt] = [node for node in part.tree.body if node not in imports]
    known |= {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    for statement in body:
        bound = {node.arg for node in walk(statement) if isinstance(node, ast.arg)}
        for node in walk(statement):
            if isinstance(node, ast.comprehension):
                bound |= {n.id for n in walk(node.target) if isinstance(n, ast.Name)}
        inside = {id(n) for node in walk(statement) if isinstance(node, ast.Lambda) for n in walk(node)}
        for name, is_read in _in_order(statement):
            if is_read and name.id not in known | bound:
                free[name.id] = None
                read |= set() if id(name) in inside else {name.id}
            known |= set() if isinstance(name.ctx, ast.Load) else {name.id}
    assigns = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)
    if not read or not any(isinstance(node, assigns) for statement in body for node in walk(statement)):
        return part
    function: Any = ast.parse(f"def listing({', '.join(free)}): pass").body[0]
    function.lineno, function.end_lineno = body[0].lineno, body[-1].end_lineno
    function.body = body
    wrapped = ast.Module([*ast.parse("import numpy as np").body, *imports, function], [])
    register(part.name, SourceText(part.name, part.lines, wrapped))
    return replace(part, tree=wrapped)


def _in_order(statement: ast.AST) -> Iterator[tuple[ast.Name, bool]]:
    """The names in a statement as they are met when it runs, and whether they are read; `a += 1` reads a."""
    children = list(ast.iter_child_nodes(statement))
    inner = [child for child in children if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case)]
    names = [n for child in children if child not in inner for n in walk(child) if isinstance(n, ast.Name)]
    names.sort(key=lambda name: (name.lineno, name.col_offset))
    augmented = isinstance(statement, ast.AugAssign)
    yield from ((name, True) for name in names if augmented or isinstance(name.ctx, ast.Load))
    yield from ((name, False) for name in names if not isinstance(name.ctx, ast.Load))
    for child in inner:
        yield from _in_order(child)
