"""A student's file as a program whose functions can be exchanged for edited or instrumented ones."""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.student.classes import attributes, holds_attributes
from backpropviz.diagnose.student.loading import Student
from backpropviz.diagnose.student.opened import EDIT, EVAL, Opened
from backpropviz.diagnose.student.recorder import PROBE, Recorder, Statement, probed, statements
from backpropviz.diagnose.student.work import rounds_in

_OPERATORS = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__", ast.Pow: "__pow__",
    ast.MatMult: "__matmul__", ast.USub: "__neg__",
}  # fmt: skip


def _method(node: ast.AST) -> str:
    """The method that a part of an expression may call, of whichever class: `relu` of `x.relu`, `__mul__` of `a * b`,
    `__call__` of `Mul()(a, b)`; empty for none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Call):
        return "__call__"
    return _OPERATORS.get(type(node.op), "") if isinstance(node, ast.BinOp | ast.UnaryOp) else ""


class Program:
    """The functions of a file as they stand now: as written, with the repairs that were accepted so far."""

    def __init__(self, student: Student):
        self.student = student
        self.definitions: dict[str, ast.FunctionDef] = dict(student.functions)
        self._written = {name: student.namespace[name] for name in self.definitions if name in student.namespace}
        self._probed: dict[int, tuple[ast.FunctionDef, Any]] = {}
        self._opened: dict[int, tuple[ast.FunctionDef, Opened, Any]] = {}

    @property
    def file(self) -> str:
        return str(self.student.path)

    def function(self, name: str) -> Any:
        return self.student.namespace[name]

    def seed(self, number: int) -> None:
        """Let NumPy's old random numbers begin anew, for those who draw a mask."""
        np.random.seed(number)

    def statements(self, name: str) -> list[Statement]:
        """A function's statements as they stand now."""
        return _listed(self.definitions[name])

    def mentions(self, name: str, words: set[str]) -> bool:
        """Whether a function, or one it calls, names one of `words`: as a key, a variable or a parameter."""
        for function in (name, *self.called_by(name)):
            for node in ast.walk(self.definitions[function]):
                named = getattr(node, "id", None) or getattr(node, "arg", None) or getattr(node, "value", None)
                if isinstance(named, str) and named in words:
                    return True
        return False

    def reached(self, function: str) -> list[ast.AST]:
        """Every node of a function of the file and of those that it calls."""
        names = {function, *self.called_by(function)} & {*self.definitions}
        return [node for name in sorted(names) for node in ast.walk(self.definitions[name])]

    def takes_logarithms(self, function: str) -> bool:
        return any("log" in getattr(node, "attr", "") for node in self.reached(function))

    def called_by(self, name: str) -> set[str]:
        """The functions of the file that a function calls (or names), directly or through others."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for node in ast.walk(self.definitions[waiting.pop()]):
                called = [node.id] if isinstance(node, ast.Name) else []
                if method := _method(node):
                    called = [other for other in self.definitions if other.endswith(f".{method}")]
                new = [other for other in called if other in self.definitions and other not in found]
                found.update(new)
                waiting += new
        return found - {name}

    def compile(self, definition: ast.FunctionDef, places: list[ast.AST] | None = None, is_plain: bool = False) -> Any:
        """The function object of a definition; its default values and decorators are evaluated anew.

        Args:
            places: where its rounds are, if that is known. is_plain: no name in it stands for an attribute.

        Raises:
            SyntaxError and whatever the decorators raise.
        """
        namespace = self.student.namespace
        before = namespace.get(definition.name)
        try:
            whole = definition if is_plain else attributes(definition)
            exec(self.student.compiled(whole, places if whole is definition else None), namespace)
            return namespace[definition.name]
        finally:
            namespace[definition.name] = before

    def add(self, made: Mapping[str, ast.FunctionDef]) -> None:
        """Functions that were put around the file's are functions of it from now on."""
        self.definitions |= made
        self._written |= {name: self.student.namespace[name] for name in made}

    @contextlib.contextmanager
    def edited(self, edit: Edit) -> Iterator[None]:
        """Inside the block, an edit is in place, and the function it belongs to stands in for the file's."""
        definition = self.definitions[edit.statement.function]
        opened, function = self._open(definition, edit.statement)
        rounds, is_plain = _rounds_in(definition), not _has_attributes(definition)
        takes = function is not None and opened.takes(edit)
        namespace = self.student.namespace
        before = namespace[definition.name]
        try:
            with edit:
                code = opened.code(definition.name) if takes else None
                if code is not None:
                    namespace[EDIT] = code
                else:
                    new = [*edit.new_nodes()]
                    places = [*dict.fromkeys([*rounds, *rounds_in(*new)])]
                    function = self.compile(definition, places, is_plain and not any(map(holds_attributes, new)))
                namespace[definition.name] = function
                yield
        finally:
            namespace[definition.name] = before

    def _open(self, definition: ast.FunctionDef, statement: Statement) -> tuple[Opened, Any]:
        """A statement whose expression is open for edits, and the function with it; None where it has none, or is not
        compiled as it is written. No edit is in place."""
        kept = self._opened.get(id(statement.node))
        if kept is None or kept[0] is not definition:
            node = statement.node
            opened, function = Opened(definition, node), None
            if opened.expression is not None and not self.student.rewrites:
                self.student.namespace[EVAL] = eval
                setattr(node, opened.field, opened.hole())
                try:
                    function = self.compile(definition)
                finally:
                    setattr(node, opened.field, opened.expression)
            kept = self._opened[id(node)] = definition, opened, function
        return kept[1:]

    @contextlib.contextmanager
    def as_written(self) -> Iterator[None]:
        """Inside the block, the functions are those of the file, without any repair."""
        namespace = self.student.namespace
        before = {name: namespace[name] for name in self._written}
        namespace.update(self._written)
        try:
            yield
        finally:
            namespace.update(before)

    def accept(self, definition: ast.FunctionDef) -> None:
        """From now on the function is this one."""
        self.student.namespace[definition.name] = self.compile(definition)
        self.definitions[definition.name] = definition

    def accept_edit(self, edit: Edit) -> None:
        """From now on the edit is part of the program."""
        with edit:
            repaired = copy.deepcopy(self.definitions[edit.statement.function])
        self.accept(repaired)

    def restore(self, definitions: Mapping[str, ast.FunctionDef]) -> None:
        """Back to these definitions."""
        for name, definition in definitions.items():
            if self.definitions[name] is not definition:
                self.accept(definition)

    @contextlib.contextmanager
    def recorded(self, recorder: Recorder, functions: Collection[str] | None = None) -> Iterator[None]:
        """Inside the block, every function of the file reports to `recorder`, or these alone."""
        namespace = self.student.namespace
        names = self.definitions if functions is None else functions
        before = {name: namespace[name] for name in names}
        for name in names:
            definition = self.definitions[name]
            kept = self._probed.get(id(definition))
            if kept is None:
                kept = self._probed[id(definition)] = (definition, self.compile(probed(definition)))
            namespace[name] = kept[1]
        namespace[PROBE] = recorder.probe
        try:
            yield
        finally:
            namespace.update(before)


@functools.lru_cache(maxsize=512)
def _rounds_in(definition: ast.FunctionDef) -> list[ast.AST]:
    """Where the rounds of a function are, while no edit is in place."""
    return rounds_in(definition)


@functools.lru_cache(maxsize=512)
def _has_attributes(definition: ast.FunctionDef) -> bool:
    """Whether names in a function stand for attributes, while no edit is in place."""
    return "." in definition.name or holds_attributes(definition)


@functools.lru_cache(maxsize=512)
def _listed(definition: ast.FunctionDef) -> list[Statement]:
    return statements(definition)
