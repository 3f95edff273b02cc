"""Writes into a backward pass with loops where its gradients are looked at."""

from __future__ import annotations

import ast
import copy

from backpropviz.exercises.looped import Body, target

MEET = "__meet__"
Key = tuple[Body, str]
"""A gradient of a body."""


class Prepared:
    """Writes into a backward function where its gradients are looked at.

    Attributes:
        lines: for every blank the line that sets it last. open: those that are not filled in.
    """

    def __init__(self, wanted: set[Key], given: set[str]):
        self.wanted, self.given = wanted, given
        self.lines: dict[Key, int] = {}
        self.open: set[Key] = set()

    def function(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node = copy.deepcopy(node)
        node.body = self._body(node.body, (), ())
        return node

    def _body(self, statements: list[ast.stmt], body: Body, variables: tuple[str, ...]) -> list[ast.stmt]:
        last: dict[str, int] = {}
        for at, statement in enumerate(statements):
            for name in {name for part in ast.walk(statement) if isinstance(part, ast.stmt) and (name := target(part))}:
                if (body, name) in self.wanted and ast.unparse(statement) not in self.given:
                    last[name] = at
                    self.lines[body, name] = statement.lineno
                    if any(map(_is_open, ast.walk(statement))):
                        self.open.add((body, name))
        found: list[ast.stmt] = []
        loops = 0
        for at, statement in enumerate(statements):
            if isinstance(statement, ast.For):
                names = tuple(node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name))
                statement.body = self._body(statement.body, (*body, loops), (*variables, *names))
                loops += 1
            due = [name for name, where in last.items() if where == at]
            left_out = _is_open(statement)
            if not left_out:
                found.append(statement)
            for name in due:
                rounds = ", ".join(f"{v!r}: {v}" for v in variables)
                value = "None" if (body, name) in self.open else name
                text = f"{name} = {MEET}({body!r}, {name!r}, {value}, {{{rounds}}})"
                found += ast.parse(text).body
        return found or [ast.Pass()]


def _is_open(statement: ast.AST) -> bool:
    """Whether a statement has a `...` that is to be filled in: in an index, `x[..., None]`, it says what it means."""
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr):
        return False
    indices = (part for node in ast.walk(statement) if isinstance(node, ast.Subscript) for part in ast.walk(node.slice))
    meant = {id(part) for part in indices}
    return any(
        isinstance(part, ast.Constant) and part.value is Ellipsis and id(part) not in meant
        for part in ast.walk(statement)
    )
