"""Runs a Python file and finds the function that is meant in it; a bare listing of statements becomes one."""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
import re
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from backpropviz.engine.source import SourceText, register
from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.primitives.record import PRIMITIVES


def load_module(file: Path) -> ModuleType:
    """Run a file and return it as a module. Files beside it can be imported by it, as when Python runs a script.

    Raises:
        LayerError: it cannot be read, has a syntax error, or fails while it runs.
    """
    try:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text, str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise LayerError(f"{file} cannot be read: {error}", fix="Give a Python file in UTF-8.") from error
    except SyntaxError as error:
        line = (error.text or "").strip()
        python2 = re.match(r"print\b(?!\()|except\b.*,|raise\b.*,|exec\b(?!\()", line)
        hint = "It looks like Python 2: convert it, with print(...) and `except Error as e`." if python2 else ""
        raise LayerError(
            f"syntax error: {error.msg}: {line}",
            where=f"{file.name}:{error.lineno}",
            fix=hint or "Mend that line first.",
        ) from error
    tree = _wrap_listing(tree, text, file)
    module = ModuleType(f"backpropviz_file_{file.stem}", ast.get_docstring(tree))
    module.__file__ = str(file)
    here = str(file.resolve().parent)
    before = set(sys.modules)
    sys.path.insert(0, here)
    try:
        exec(compile(tree, str(file), "exec"), module.__dict__)
    except BackpropvizError:
        raise
    except (Exception, SystemExit) as error:
        raise LayerError(
            f"{file.name} failed while it was loaded: {type(error).__name__}: {error}",
            where=f"{file.name}:{_line_in(error, str(file))}",
            fix="Does `python` run it on its own?",
        ) from error
    finally:
        sys.path.remove(here)
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(here):
                del sys.modules[name]
    return module


def _line_in(error: BaseException, file: str) -> int:
    line, traceback = 0, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def choose(module: ModuleType, file: Path, wanted: str = "") -> FunctionType:
    """The function called `wanted`, or the one that is meant: called like the file, or called by no other.

    Raises:
        LayerError: there is none, or none of that name, or several that could be meant.
    """
    own = {name: found for name, value in vars(module).items() if (found := _function_of(value, str(file)))}
    if wanted:
        if wanted not in own:
            near = difflib.get_close_matches(wanted, own, n=3, cutoff=0.4)
            names = ", ".join(near or own) or "none"
            raise LayerError(f"{file.name} has no function {wanted!r}", fix=f"Functions it has: {names}.")
        return own[wanted]
    rules = {inspect.unwrap(gradient.vjp) for p in PRIMITIVES.values() for gradient in p.gradients if gradient}
    layers = {
        name: f
        for name, f in own.items()
        if not name.startswith(("sample", "_")) and "backward" not in name and f not in rules
    }
    if file.stem in layers:
        return layers[file.stem]
    called = {name for f in layers.values() for name in f.__code__.co_names if name != f.__name__}
    roots = [name for name in layers if name not in called]
    if not layers:
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        how = f"`def layer(x): return {classes[0]}().forward(x)`" if classes else "`def layer(x, w): ... return out`"
        raise LayerError(f"{file.name} defines no function", fix=f"Put the forward pass in one: {how}.")
    if len(roots) != 1:
        choices = "\n  ".join(f"{file}:{name}" for name in roots or layers)
        raise LayerError(f"{file.name} defines {len(roots or layers)} functions; say which:", fix=choices)
    return layers[roots[0]]


def _function_of(value: Any, file: str) -> FunctionType | None:
    """The function a file defines under a name; behind a decorator from elsewhere, the one it decorates."""
    for function in (value, inspect.unwrap(value) if callable(value) else value):
        if isinstance(function, FunctionType) and function.__code__.co_filename == file:
            return function
    return None


def _wrap_listing(tree: ast.Module, text: str, file: Path) -> ast.Module:
    """A bare listing, statements that read names nobody gave, becomes a function of those names."""
    if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body):
        return tree
    free: dict[str, None] = {}
    read: set[str] = set()  # free names that are read at once, not only when a lambda is called
    known = set(dir(builtins)) | {"np"}
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    body: list[ast.stmt] = [node for node in tree.body if node not in imports]
    known |= {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    for statement in body:
        bound = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
        for node in ast.walk(statement):
            if isinstance(node, ast.comprehension):
                bound |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id not in bound]
        inside = {id(n) for node in ast.walk(statement) if isinstance(node, ast.Lambda) for n in ast.walk(node)}
        for name in sorted(names, key=lambda node: (node.lineno, node.col_offset)):
            if isinstance(name.ctx, ast.Load) and name.id not in known:
                free[name.id] = None
                read |= set() if id(name) in inside else {name.id}
        known |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if not read or not any(isinstance(node, ast.Assign) for node in body):
        return tree
    function: Any = ast.parse(f"def listing({', '.join(free)}): pass").body[0]
    function.lineno, function.end_lineno = body[0].lineno, body[-1].end_lineno
    function.body = body
    wrapped = ast.Module([*ast.parse("import numpy as np").body, *imports, function], [])
    register(SourceText(str(file), text.splitlines(keepends=True), wrapped))
    return wrapped
