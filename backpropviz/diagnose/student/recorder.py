"""Runs a student's functions with a probe behind every statement, which sees each value as it was assigned.

The statements themselves stay as they are written (`reports.py` rewrites right-hand sides, for tracing; here what runs
must be exactly what the student wrote): behind `dx[:, i] += g` stands `dx = __probe__(7, dx)`. The probe may also
hand back another value, which is how a right value is put in the place of a wrong one.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PROBE = "__probe__"
ARGUMENT = -1  # the "statement" that gives a function its arguments


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a function.

    Attributes:
        index: its place among all statements of the function, in the order of the text.
        targets: the names it assigns, or changes an entry of. loops: how many loops stand around it.
    """

    function: str
    index: int
    line: int
    text: str
    node: ast.stmt
    targets: tuple[str, ...]
    loops: int

    @property
    def key(self) -> tuple[str, int]:
        return self.function, self.index


def statements(function: ast.FunctionDef) -> list[Statement]:
    """Every statement in a function's body, nested ones included, in the order of the text."""
    found: list[Statement] = []
    waiting: list[tuple[ast.stmt, int]] = [(node, 0) for node in reversed(function.body)]
    while waiting:
        node, loops = waiting.pop()
        found.append(
            Statement(function.name, len(found), node.lineno, written(node), node, tuple(targets(node)), loops)
        )
        inner = loops + isinstance(node, ast.For | ast.While)
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        blocks[1:1] = [handler.body for handler in getattr(node, "handlers", [])]
        waiting.extend((child, inner) for block in reversed(blocks) for child in reversed(block))
    return found


def written(node: ast.stmt) -> str:
    """A statement on one line; of a compound one only the head."""
    if isinstance(node, ast.For | ast.While | ast.If | ast.With | ast.FunctionDef | ast.Try):
        return ast.unparse(node).split("\n", 1)[0]
    return " ".join(ast.unparse(node).split())


def targets(node: ast.stmt) -> list[str]:
    """The names that a statement assigns, or whose entries it changes."""
    if isinstance(node, ast.Assign):
        return [name for target in node.targets for name in _roots(target)]
    if isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        return _roots(node.target)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # np.add.at(dx, ...), dx.fill(0), np.maximum(x, 0, out=x): any array it mentions may have changed
        return sorted({n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} - {"np", "numpy", "print"})
    return []


def _roots(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Tuple | ast.List):
        return [name for element in target.elts for name in _roots(element)]
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    return [target.id] if isinstance(target, ast.Name) else []


class _Probes(ast.NodeTransformer):
    def __init__(self, function: str, index_of: dict[int, int]):
        self.function = function
        self.index_of = index_of

    def generic_visit(self, node: ast.AST) -> Any:
        # one probe behind each simple statement of each block
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, [new for statement in block for new in self._probed(statement)])
        for handler in getattr(node, "handlers", []):
            self.generic_visit(handler)
        return node

    def _probed(self, statement: ast.stmt) -> list[ast.stmt]:
        index = self.index_of.get(id(statement))
        if index is None:
            return [statement]
        if isinstance(statement, ast.Return) and statement.value is not None:
            statement.value = self._call(index, "return", statement.value)
            return [statement]
        made: list[ast.stmt] = [self.generic_visit(statement)]
        if isinstance(statement, ast.For):
            statement.body[:0] = [self._seen(index, name, statement) for name in _roots(statement.target)]
            return made
        assigns = isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for name in targets(statement) if assigns else []:
            made.append(self._seen(index, name, statement))
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            made.append(ast.Expr(self._call(index, "", ast.Constant(None))))
        return [ast.copy_location(item, statement) for item in made]

    def _seen(self, index: int, name: str, where: ast.stmt) -> ast.stmt:
        value = self._call(index, name, ast.Name(name, ast.Load()))
        probe = ast.Assign([ast.Name(name, ast.Store())], value)
        return ast.copy_location(probe, where)

    def _call(self, index: int, name: str, value: ast.expr) -> ast.Call:
        what = [ast.Constant(self.function), ast.Constant(index), ast.Constant(name), value]
        return ast.Call(ast.Name(PROBE, ast.Load()), what, [])

    def arguments(self, function: ast.FunctionDef) -> list[ast.stmt]:
        """Probes for the parameters, in front of the body."""
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        held = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and "." in node.id}
        held = {name for name in held if name.partition(".")[0] in names}
        return [
            *(self._seen(ARGUMENT, name, function.body[0]) for name in names),
            *(self._held(name, function.body[0]) for name in sorted(held)),
        ]

    def _held(self, name: str, where: ast.stmt) -> ast.stmt:
        """What `self.x` is when a method begins, if it is anything."""
        this, *places = name.split(".")
        value: ast.expr = ast.Name(this, ast.Load())
        for place in places:
            value = ast.Call(ast.Name("getattr", ast.Load()), [value, ast.Constant(place), ast.Constant(None)], [])
        return ast.copy_location(ast.Expr(self._call(ARGUMENT, name, value)), where)


def probed(function: ast.FunctionDef) -> ast.FunctionDef:
    """A copy of a function with a probe behind every statement."""
    twin = copy.deepcopy(function)
    index_of = {id(statement.node): statement.index for statement in statements(twin)}
    probes = _Probes(function.name, index_of)
    arguments = probes.arguments(twin)
    probes.generic_visit(twin)
    twin.body[:0] = arguments
    return ast.fix_missing_locations(twin)


@dataclass
class Visit:
    """What one statement assigned to one name: the value after its last execution in a run, and how often it ran.

    `order` counts all executions of the run up to the last of this one, `began` up to the first.
    """

    value: Any
    count: int
    order: int
    began: int
    first: Any = None


@dataclass
class Record:
    """The visits of one run, by (function, statement index, name); and which statement first changed what is
    watched.
    """

    visits: dict[tuple[str, int, str], Visit] = field(default_factory=dict)
    changed: dict[str, tuple[str, int]] = field(default_factory=dict)


def snapshot(value: Any) -> Any:
    """A copy that later changes do not reach."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (tuple, list) and len(value) < 64:
        return type(value)(snapshot(item) for item in value)
    if type(value) is dict and len(value) < 64:
        return {key: snapshot(item) for key, item in value.items()}
    return value


@dataclass
class Follower:
    """Everything that one statement assigns to one name, in the order of its executions.

    Attributes:
        key: (function, statement index, name). around: the same of the loops' variables around it. most: executions.
        values: what was assigned each time. rounds: what the loops' variables were.
    """

    key: tuple[str, int, str]
    around: tuple[tuple[str, int, str], ...]
    most: int
    values: list[Any] = field(default_factory=list)
    rounds: list[tuple[Any, ...]] = field(default_factory=list)

    def see(self, record: Record, value: Any) -> None:
        if len(self.values) < self.most:
            self.values.append(value)
            self.rounds.append(
                tuple(record.visits[loop].value if loop in record.visits else None for loop in self.around)
            )


class Recorder:
    """Called by the probes. Watches arrays that nobody should change; or puts in other values, and records nothing.

    Attributes:
        watched: arrays by name, with the shape and the bytes they are compared with.
        put: (function, index, name) -> (count, value, in place): after that many executions the name gets that value,
            or the array it stands for does.
    """

    def __init__(
        self,
        put: dict[tuple[str, int, str], tuple[int, Any, bool]] | None = None,
        follower: Follower | None = None,
    ):
        self.follower = follower
        self.record = Record()
        self.watched: dict[str, tuple[Any, tuple[int, ...], bytes]] = {}
        self.put = put or {}
        self._order = 0
        self._counts: dict[tuple[str, int, str], int] = {}
        self.probe = self._record if put is None else self._exchange

    def watch(self, name: str, array: Any) -> None:
        if isinstance(array, np.ndarray) and not self.put:
            self.watched[name] = (array, array.shape, array.tobytes())

    def _exchange(self, function: str, index: int, name: str, value: Any) -> Any:
        """What instrumented code calls where something is put in."""
        wanted = self.put.get((function, index, name))
        if wanted is None:
            return value
        key = (function, index, name)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count % wanted[0] == 0:  # the backward pass may be run a second time
            return _put(value, wanted[1]) if wanted[2] else wanted[1]
        return value

    def _record(self, function: str, index: int, name: str, value: Any) -> Any:
        """What instrumented code calls otherwise."""
        key = (function, index, name)
        visit = self.record.visits.get(key)
        self._order += 1
        copied = snapshot(value)
        if visit is None:
            self.record.visits[key] = Visit(copied, 1, self._order, self._order, copied)
        else:
            visit.value, visit.count, visit.order = copied, visit.count + 1, self._order
        if self.follower is not None and key == self.follower.key:
            self.follower.see(self.record, copied)
        # as bytes in a fifth of the time of `array_equal`, for which what holds a nan is never what it was
        for watched, (array, shape, held) in self.watched.items():
            if array.tobytes() != held or array.shape != shape:
                self.record.changed.setdefault(watched, (function, index))
        return value


def _put(value: Any, right: Any) -> Any:
    """The right value in a wrong one's place, in the same array where it fits: views of it follow."""
    both = isinstance(value, np.ndarray) and isinstance(right, np.ndarray)
    if both and value.shape == right.shape and value.dtype == right.dtype and value.flags.writeable:
        value[...] = right
        return value
    return right
