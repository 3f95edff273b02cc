"""Counts the work that a student's code does, so that what is said of it depends on no clock.

Whatever is compiled of a file says so at every round of a loop and every call of a function (`counted`). A loop that
does not end, and a search that has gone on for long enough, are found by this count: the same on every machine.
"""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

TICK = "__tick__"
RUN, EDIT = 60, 150
"""What one run of a pair costs besides its rounds, and what it costs to compile an edit; a round is 1."""

EVALUATION = 8
"""What it costs to evaluate one expression."""

_UNLIMITED = 1 << 62


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


_BLOCKS = (ast.For, ast.While, ast.AsyncFor, ast.FunctionDef, ast.AsyncFunctionDef)
_PLACES = {*_BLOCKS, ast.comprehension}


def rounds_in(*trees: ast.AST) -> list[ast.AST]:
    """The loops, functions and comprehensions in these trees: where a tick belongs."""
    return [node for tree in trees for node in ast.walk(tree) if type(node) in _PLACES]


@contextlib.contextmanager
def counted(tree: ast.AST, places: list[ast.AST] | None = None) -> Iterator[None]:
    """Inside the block, the tree has a tick at the start of every loop and function, and in every comprehension.

    Args:
        places: these, where they are known; those that an edit has taken out of the tree do no harm.
    """
    undo: list[Callable[[], Any]] = []
    for node in rounds_in(tree) if places is None else places:
        if isinstance(node, _BLOCKS):
            body = node.body
            first = body[0] if body else None
            is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            at = int(is_docstring and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
            body.insert(at, ast.copy_location(ast.Expr(_tick(node)), node))
            undo.append(functools.partial(body.pop, at))
        elif isinstance(node, ast.comprehension):
            node.ifs.insert(0, _tick(node.target))
            undo.append(functools.partial(node.ifs.pop, 0))
    try:
        yield
    finally:
        for step in reversed(undo):
            step()


def _tick(where: ast.AST) -> ast.Call:
    name = ast.copy_location(ast.Name(TICK, ast.Load()), where)
    return ast.copy_location(ast.Call(name, [], []), where)
