"""One small change to a student's syntax tree, put in place and taken back without copying the tree."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.diagnose.student.recorder import Statement, written
from backpropviz.study.values.trees import called

_WORDS = re.compile(r"\w+|[^\w\s]")
Proposal = tuple[Any, str, float]  # a node for a slot, the kind of mistake, the cost
REDUCTIONS = {"sum", "mean", "var", "std", "max", "min", "amax", "prod", "average", "argmax"}


@dataclass(frozen=True)
class Slot:
    """A place in a tree: a field of a node, or an index of a list."""

    container: Any
    key: Any

    def get(self) -> Any:
        return self.container[self.key] if isinstance(self.container, list) else getattr(self.container, self.key)

    def set(self, value: Any) -> None:
        if isinstance(self.container, list):
            self.container[self.key] = value
        else:
            setattr(self.container, self.key, value)


@dataclass(eq=False)
class Edit:
    """A change of one statement. Inside of `with edit:` it is in place.

    Attributes:
        changes: what goes into which slots. kind: the mistake it undoes. cost: how far-fetched it is; 1 is an
        everyday slip.
        where: where the repaired statement stands, if that changed ("after the loop"), in words.
        own_text: the repaired statement, where the statement itself is not what changed.
        twin: what was exchanged for what; the same on another line is the same misunderstanding.
        parts: the edits of several lines that this one makes together.
    """

    statement: Statement
    changes: list[tuple[Slot, Any]]
    kind: str
    cost: float
    where: str = ""
    own_text: str = ""
    twin: tuple[Any, ...] = ()
    parts: tuple[Edit, ...] = ()
    _before: list[Any] = field(default_factory=list)
    _located: bool = False

    @classmethod
    def together(cls, edits: list[Edit]) -> Edit:
        """Several edits as one; it goes by its first line."""
        first = edits[0]
        changes = [change for edit in edits for change in edit.changes]
        return cls(first.statement, changes, first.kind, first.cost, parts=tuple(edits))

    def __enter__(self) -> None:
        self._before = [slot.get() for slot, _ in self.changes]
        if not self._located:  # of the many that are thought of, few are tried
            self._located = True
            for _, value in self.changes:
                if isinstance(value, ast.expr):
                    _locate(value, self.statement.node, _own(self.statement))
        for slot, value in self.changes:
            slot.set(value)

    def __exit__(self, *error: object) -> None:
        for (slot, _), value in zip(self.changes, self._before):
            slot.set(value)

    def new_nodes(self) -> Iterator[ast.AST]:
        """The trees that it puts in."""
        for _, value in self.changes:
            yield from (node for node in (value if isinstance(value, list) else [value]) if isinstance(node, ast.AST))

    @property
    def added(self) -> int:
        """How many words and signs it puts in that were not there."""
        before = Counter(_WORDS.findall(self.statement.text))
        if self.own_text.startswith("("):
            return 0  # "(without this line)"
        return (Counter(_WORDS.findall(self.text())) - before).total()

    def text(self) -> str:
        """The statement as the edit leaves it."""
        if self.own_text:
            return self.own_text
        with self:
            return plain_names(written(ast.fix_missing_locations(self.statement.node)))


@functools.lru_cache(maxsize=512)
def _own(statement: Statement) -> set[int]:
    """The nodes of a statement, by their identity, while no edit is in place."""
    return {id(node) for node in ast.walk(statement.node)}


def _locate(node: ast.AST, above: ast.AST, own: set[int]) -> None:
    """Give what is new in a tree the place in the text of what stands above it; its own nodes have theirs."""
    if id(node) in own:
        return
    if "lineno" in node._attributes:
        if not hasattr(node, "lineno"):
            ast.copy_location(node, above)
        above = node
    for child in ast.iter_child_nodes(node):
        _locate(child, above, own)


def twin_of(old: ast.AST, new: ast.AST) -> tuple[Any, ...]:
    """What was exchanged for what, if it is something that other lines may have too."""
    if isinstance(new, ast.BinOp) and new.left is old:
        return "beside", type(new.op), _spelled(new.right)
    if _is_sum_of_products(old) and _is_sum_of_products(new) and ast.unparse(old) != ast.unparse(new):
        return ("crossed",)  # a f + b g for b f + a g
    if isinstance(old, ast.Name) and isinstance(new, ast.Name):
        return "name", old.id, new.id
    if isinstance(old, ast.BinOp) and isinstance(new, ast.BinOp) and type(old.op) is not type(new.op):
        return "operator", type(old.op), type(new.op)
    if isinstance(old, ast.Call) and isinstance(new, ast.Call):
        one, other = ({k.arg: ast.unparse(k.value) for k in call.keywords} for call in (old, new))
        if called(old) != called(new):
            return "function", called(old), called(new)
        if one != other:
            changed = {k for k in {*one, *other} if one.get(k) != other.get(k)}
            return "keywords", *((k, one.get(k), other.get(k)) for k in sorted(map(str, changed)))
    return ()


def _spelled(node: ast.expr) -> str:
    """An expression as text, most of which are names: thousands are asked for."""
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _is_sum_of_products(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and all(
        isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in (node.left, node.right)
    )  # fmt: skip


def plain_names(text: str) -> str:
    """`__eps__`, our own name for a setting that is not at hand, as a reader knows it, and what to do about it."""
    missing = list(dict.fromkeys(re.findall(r"__([a-zA-Z]\w*?)__", text)))
    for word in missing:
        text = text.replace(f"__{word}__", word)
    return text + f"  ({' and '.join(missing)} has to be handed on to here)" * bool(missing)


@dataclass(frozen=True, eq=False)
class Scope:
    """What names stand for where a statement runs, by kind.

    Attributes:
        arrays: float and mask arrays. integers: sizes, strides, loop variables. scalars: eps and other numbers.
        settings: numbers of the configuration, under names of ours (`__eps__`), for when the student's scope lacks
        them.
        outside: what the module holds.
    """

    arrays: dict[str, Any]
    integers: dict[str, int]
    scalars: dict[str, float]
    settings: dict[str, Any]
    others: dict[str, Any]
    outside: Mapping[str, Any]

    @classmethod
    def of(cls, values: dict[str, Any], settings: dict[str, Any], outside: Mapping[str, Any]) -> Scope:
        arrays = {
            k: v for k, v in with_entries(values).items() if isinstance(v, np.ndarray) and v.dtype.kind in "fiub"
        }  # fmt: skip
        integers = {k: int(v) for k, v in values.items() if isinstance(v, int | np.integer) and not isinstance(v, bool)}
        scalars = {k: v for k, v in outside.items() if isinstance(v, float) and not k.startswith("_")}
        scalars |= {k: float(v) for k, v in values.items() if isinstance(v, float | np.floating)}
        numbers = {f"__{k}__": v for k, v in settings.items() if isinstance(v, int | float)}
        known = {*arrays, *integers, *scalars}
        return cls(arrays, integers, scalars, numbers, {k: v for k, v in values.items() if k not in known}, outside)

    def knows(self, identifier: str) -> bool:
        """The name stands for something where the statement runs."""
        here = (self.arrays, self.integers, self.scalars, self.others, self.outside)
        return any(identifier in names for names in here) or hasattr(builtins, identifier)

    @property
    def eps_names(self) -> list[str]:
        """What can be written for eps."""
        eps = self.settings.get("__eps__")
        own = [name for name, value in self.scalars.items() if value == eps or name.lower() in ("eps", "epsilon")]
        return own or (["__eps__"] if eps is not None else [])


def with_entries(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the entries of dictionaries as values of their own: `cache['gamma']`."""
    entries = {
        f"{k}[{key!r}]": entry
        for k, v in values.items() if isinstance(v, dict)
        for key, entry in v.items() if isinstance(key, str)
    }  # fmt: skip
    return {**values, **entries}


def walk(statement: ast.stmt) -> Iterator[tuple[Slot, ast.expr, list[ast.AST]]]:
    """Every expression of a statement (of a compound one, its head), with its slot and the nodes above it."""
    waiting: list[tuple[Slot, Any, list[ast.AST]]] = list(_children(statement, []))[::-1]
    while waiting:
        slot, node, above = waiting.pop()
        if isinstance(node, ast.expr):
            yield slot, node, above
        waiting.extend(list(_children(node, [*above, node]))[::-1])


def _children(node: ast.AST, above: list[ast.AST]) -> Iterator[tuple[Slot, ast.AST, list[ast.AST]]]:
    for field_name, value in ast.iter_fields(node):
        if isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST) and not isinstance(item, ast.stmt | ast.excepthandler):
                    yield Slot(value, i), item, above
        elif isinstance(value, ast.AST) and not isinstance(value, ast.stmt):
            yield Slot(node, field_name), value, above


def method(of: ast.expr, function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(of, function, ast.Load()), list(arguments), [])


def is_module_call(node: ast.Call) -> bool:
    """`np.f(...)` or `f(...)`, not a method of an array."""
    function = node.func
    if isinstance(function, ast.Name):
        return True
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in (
        "np", "numpy")  # fmt: skip
