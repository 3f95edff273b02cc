"""Counts the work that a student's code does, so that what is said of it depends on no clock.

Whatever is compiled of a file says so at every round of a loop and every call of a function (`counted`). A loop that
does not end, and a search that has gone on for long enough, are found by this count: the same on every machine.
"""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

TICK = "__tick__"
RUN, EDIT = 100, 400
"""What one run of a pair costs besides its rounds, and what it costs to compile an edit; a round is 1."""

EVALUATION = 5
"""What it costs to evaluate one expression."""

_UNLIMITED = 1 << 62

Tree = TypeVar("Tree", bound=ast.AST)


class TooMuch(BaseException):
    """A call of the student's code goes on and on. Not an Exception, so that `except Exception` lets it pass."""


class _Work:
    """What was done so far, in rounds, and where it has to end."""

    def __init__(self) -> None:
        self.done = 0
        self.end = _UNLIMITED

    def tick(self) -> bool:
        """One round more; what instrumented code calls.

        Raises:
            TooMuch: it was one too many.
        """
        self.done += 1
        if self.done > self.end:
            raise TooMuch
        return True

    def spend(self, amount: int) -> None:
        """Work that no round stands for."""
        self.done += amount


WORK = _Work()
"""One student's file is run by a process, so there is one count."""


@contextlib.contextmanager
def work_limit(rounds: int) -> Iterator[None]:
    """Raises TooMuch inside the block after this many rounds, and again at each round where that was swallowed."""
    before = WORK.end
    WORK.end = min(before, WORK.done + rounds)
    try:
        yield
    finally:
        WORK.end = before


@dataclass(frozen=True)
class Budget:
    """A share of work that a search may do: over when the count has come to `until`."""

    until: int = _UNLIMITED

    @classmethod
    def of(cls, amount: int) -> Budget:
        return cls(WORK.done + amount)

    @property
    def left(self) -> int:
        return max(self.until - WORK.done, 0)

    @property
    def spent(self) -> bool:
        return WORK.done >= self.until

    def part(self, amount: int) -> Budget:
        """This much of what is left."""
        return Budget(min(self.until, WORK.done + amount))


class _Counted(ast.NodeTransformer):
    """Puts a tick at the start of every function and loop. Nodes that hold none are shared with the original."""

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.For | ast.While | ast.AsyncFor | ast.FunctionDef | ast.AsyncFunctionDef):
            return self._begun(node)
        return self._filtered(node) if isinstance(node, ast.comprehension) else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        changes: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                items = [self.visit(item) if isinstance(item, ast.AST) else item for item in value]
                if any(new is not old for new, old in zip(items, value)):
                    changes[name] = items
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
                new = self.visit(value)
                if new is not value:
                    changes[name] = new
        if not changes:
            return node
        twin = copy.copy(node)
        for name, value in changes.items():
            setattr(twin, name, value)
        return twin

    def _begun(self, node: Any) -> Any:
        twin: Any = copy.copy(self.generic_visit(node))
        has_docstring = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None
        at = int(has_docstring)
        tick = ast.Expr(_called(node))
        twin.body = [*twin.body[:at], ast.copy_location(tick, node), *twin.body[at:]]
        return twin

    def _filtered(self, node: ast.comprehension) -> Any:
        twin: Any = copy.copy(self.generic_visit(node))
        twin.ifs = [_called(node.target), *twin.ifs]
        return twin


def _called(where: ast.AST) -> ast.Call:
    name = ast.copy_location(ast.Name(TICK, ast.Load()), where)
    return ast.copy_location(ast.Call(name, [], []), where)


def counted(tree: Tree) -> Tree:
    """The same with a tick at every round and call; parts without loops are those of the original."""
    made: Tree = _Counted().visit(tree)
    return made
