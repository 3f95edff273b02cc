"""Reads a student's file as it is: missing modules, removed NumPy names, Python 2 text, statements that fail."""

from __future__ import annotations

import ast
import contextlib
import sys
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backpropviz.diagnose.student import classes, numpy_as_meant, stand_ins
from backpropviz.diagnose.student.precision import asks_for_single, in_double, is_read_in_double
from backpropviz.diagnose.student.work import TICK, WORK, TooMuch, counted, work_limit
from backpropviz.layers.loading import bound
from backpropviz.layers.missing import OLD_BUILTINS, MissingModule, MissingModules
from backpropviz.layers.python2 import PYTHON_2, READ, divide, dividing_as_then, from_python_2
from backpropviz.layers.sources import one_text

INSTALLED = ("numpy", "scipy")
"""What a hand-in gets of all that is installed: its verdict is the same where frameworks are and where they are not."""
LOADING_ROUNDS = 20_000  # of loops, in one statement of the top level
MODULE = "coursework.student"


@dataclass
class Student:
    """A loaded file.

    Attributes:
        tree: its syntax tree. namespace: what its module holds. functions: its top-level definitions by name.
        notes: what had to be worked around. trouble: top-level statements that failed, as (line, what happened).
        star_imports: names may be missing because a missing module was imported whole. missing: modules stood in for.
        is_converted: the text was Python 2, so that columns are not those of the file.
        floors: dividing whole numbers gives a whole one. widens: single precision is read as double.
        has_stand_ins: a text that is not here was stood in for.
        lost: names that the top level would have made from data, files or modules that are not here; left_out: its
            lines that were not run to the end, and why.
        wrapped: the functions put around the student's, by name, with what they stand for (pairs/protocols);
            texts: their source, by the same names.
    """

    path: Path
    text: str
    tree: ast.Module
    namespace: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    trouble: list[tuple[int, str]] = field(default_factory=list)
    star_imports: bool = False
    missing: list[str] = field(default_factory=list)
    is_converted: bool = False
    floors: bool = False
    widens: bool = False
    has_stand_ins: bool = False
    wrapped: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=lambda: {"get_ipython", "display"})  # of a notebook
    left_out: list[tuple[int, str]] = field(default_factory=list)

    def lose(self, statement: ast.stmt, why: str = "") -> None:
        """A statement of the top level was not run to its end, which is not its fault; nor what follows from that."""
        self.lost |= bound(statement) - {*self.functions}
        if why:
            self.left_out.append((statement.lineno, why))

    @property
    def rewrites(self) -> bool:
        """Its text is not compiled as it stands."""
        return self.floors or self.widens

    def compiled(self, statement: ast.stmt, places: list[ast.AST] | None = None) -> types.CodeType:
        """A statement compiled: its rounds are counted, and whole numbers divide as they did when it was written.

        Args:
            places: where its rounds are, if that is known.
        """
        if self.floors:
            statement, places = dividing_as_then(statement), None
        if self.widens and is_read_in_double(statement):
            statement, places = in_double(statement), None
        with counted(statement, places):
            return compile(ast.Module([statement], []), str(self.path), "exec", dont_inherit=True)


class Unreadable(Exception):  # noqa: N818
    """The file cannot be parsed; `line`, and whether it is Python 2."""

    def __init__(self, message: str, line: int, python2: bool):
        super().__init__(message)
        self.line, self.python2 = line, python2


def read_text(path: Path) -> str:
    """The file's text, whatever its encoding and line ends; of a notebook, its code cells."""
    if path.suffix == ".ipynb":
        return one_text(path)
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes everything")


def _as_definition(statement: ast.stmt) -> ast.stmt:
    """`f = lambda x: ...` as the definition that it is."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Lambda):
        return statement
    (target, *more), function = statement.targets, statement.value
    if more or not isinstance(target, ast.Name):
        return statement
    body = ast.copy_location(ast.Return(function.body), function.body)
    definition = ast.FunctionDef(target.id, function.args, [body], [])
    return ast.fix_missing_locations(ast.copy_location(definition, statement))


def definitions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions at the top of a file, by name, without running it."""
    found = map(_as_definition, tree.body)
    return {statement.name: statement for statement in found if isinstance(statement, ast.FunctionDef)}


def parse(path: Path, python2: bool = False) -> Student:
    """Read and parse.

    Raises:
        Unreadable: it is not Python 3 (or not Python at all).
    """
    text = read_text(path)
    looks_old = bool(PYTHON_2.search(text))
    notes: list[str] = []
    source = text
    python2 = python2 or (not _parses(text) and _parses(from_python_2(text)))
    if python2:
        source = from_python_2(text)
        notes.append(READ)
    try:
        tree = parsed(source, str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Unreadable(str(getattr(error, "msg", error)), line, looks_old and not python2) from error
    notes += numpy_as_meant.renamed(tree)
    floors = python2 and "import division" not in text
    if looks_old and not python2:
        notes.append("written for Python 2: run as Python 3, where 3 / 2 is 1.5 (--python2 reads it as it was meant)")
    widens = asks_for_single(tree)
    if widens:
        notes.append("it asks for single precision, which was read as double: the code is judged, not its rounding")
    return Student(path, source, tree, notes=notes, is_converted=python2, floors=floors, widens=widens)


def parsed(source: str, name: str = "text") -> ast.Module:
    with warnings.catch_warnings(action="ignore"):
        try:
            return ast.parse(source, name)
        except (RecursionError, MemoryError):
            raise SyntaxError("an expression in it is nested too deeply to be read") from None


def _parses(source: str) -> bool:
    try:
        parsed(source)
    except (SyntaxError, ValueError):
        return False
    return True


def load(student: Student) -> None:
    """Run the file's top level, statement by statement: one that fails is noted and the rest still counts."""
    numpy_as_meant.stand_in()
    finder, unasked = MissingModules(), MissingModules(only=INSTALLED)
    sys.meta_path.append(finder)
    sys.meta_path.insert(0, unasked)
    module = types.ModuleType(MODULE)
    module.__package__, module.__file__ = "coursework", str(student.path)
    sys.modules[MODULE] = module
    student.namespace = vars(module)
    student.namespace.update(OLD_BUILTINS)
    student.namespace |= {"__divide__": divide, TICK: WORK.tick}
    small = stand_ins.smaller(student.tree)
    for statement in map(_as_definition, student.tree.body):
        _run(small.get(statement, statement), student)
        if isinstance(statement, ast.FunctionDef) and statement.name in student.namespace:
            student.functions[statement.name] = statement
    _hoist_methods(student)
    names = dict.fromkeys((*unasked.names, *finder.names))
    student.missing = [name for name in names if not name.startswith("coursework")]
    student.missing += [name.split(".", 1)[1] for name in names if name.startswith("coursework.")]
    if student.left_out:
        (line, why), *more = student.left_out
        rest = f", and {len(more)} more line{'s' * (len(more) > 1)}" if more else ""
        student.notes.append(f"of the top level only the definitions count: line {line} was left ({why}){rest}")
    if student.missing:
        student.notes.append(f"not loaded, and stood in for: {', '.join(student.missing)}")


def _hoist_methods(student: Student) -> None:
    """Methods become functions."""
    definitions = [node for node in student.tree.body if isinstance(node, ast.ClassDef)]
    definitions = [node for node in definitions if isinstance(student.namespace.get(node.name), type)]
    if lacking := stand_ins.keep_for(definitions, student.namespace):
        student.notes.append(f"stood in for: save_for_backward of {', '.join(lacking)}, whose base class lacks it")
    marks = classes.marked(student.tree)
    for function in student.functions.values():
        classes.mark(function, marks)
    for definition in definitions:
        with contextlib.suppress(Exception):  # a class that cannot be taken apart stays as it is
            student.functions |= classes.hoist(definition, student.namespace, student.compiled, marks)


def _run(statement: ast.stmt, student: Student) -> None:
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return
    if stand_ins.asks_us(statement, student.namespace):
        return
    if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
        student.star_imports = student.star_imports or statement.module not in ("numpy", "math", "builtins")
    try:
        with warnings.catch_warnings(), work_limit(LOADING_ROUNDS):
            warnings.simplefilter("ignore")
            exec(student.compiled(statement), student.namespace)
    except TooMuch:
        trains = isinstance(statement, ast.While) and student.has_stand_ins
        if trains or isinstance(statement, ast.For):  # it trains: what it defines is all that matters
            student.lose(statement, "its loop is long")
        else:
            student.trouble.append((statement.lineno, f"it did not end within {LOADING_ROUNDS} rounds of its loops"))
    except SystemExit:
        student.trouble.append((statement.lineno, "it asks Python to exit"))
    except MissingModule as error:
        student.notes.append(f"line {statement.lineno} uses {error}, which is not here")
        student.lose(statement)
        if isinstance(statement, ast.FunctionDef) and statement.decorator_list:  # @jit: the function does without
            statement.decorator_list = []
            _run(statement, student)
    except FileNotFoundError as error:
        missing = str(error.filename or error)
        if not student.has_stand_ins and stand_ins.reads_text(statement):
            student.has_stand_ins = True
            student.namespace["open"] = stand_ins.open_or_text
            student.notes.append(f"{missing} is not here: a text of five letters stood in for it")
            _run(statement, student)
        else:
            student.lose(statement, f"{type(error).__name__}: {missing}")
    except OSError as error:
        student.lose(statement, f"{type(error).__name__}: {error.filename or error}")
    except (Exception, KeyboardInterrupt, GeneratorExit) as error:
        if isinstance(error, NameError) and error.name in student.lost:
            student.lose(statement, f"it needs {error.name}")
        elif student.has_stand_ins and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            student.lose(statement, f"{type(error).__name__}: {error}")  # on the data that is meant, it may run
        else:
            student.trouble.append((statement.lineno, f"{type(error).__name__}: {error}"))
