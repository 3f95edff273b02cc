"""Statements in their blocks: found, exchanged, left out, or followed by another."""

from __future__ import annotations

import ast
from typing import Any

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.student.recorder import Statement, written

Around = list[tuple[list[ast.stmt], int, ast.stmt]]


def place_of(definition: ast.FunctionDef, wanted: ast.stmt) -> tuple[list[ast.stmt], int, Around] | None:
    """The block a statement stands in, its position there, and the compound statements around it, innermost last."""
    waiting: list[tuple[list[ast.stmt], Around]] = [(definition.body, [])]
    while waiting:
        block, around = waiting.pop()
        for position, node in enumerate(block):
            if node is wanted:
                return block, position, around
            inner = [getattr(node, field, []) for field in ("body", "orelse", "finalbody")]
            inner += [handler.body for handler in getattr(node, "handlers", [])]
            waiting.extend((child, [*around, (block, position, node)]) for child in inner if child)
    return None


def exchanged_for(
    statement: Statement, block: list[ast.stmt], position: int, new: list[ast.stmt], kind: str, cost: float, **more: Any
) -> Edit:
    """An edit that puts `new` where the statement stands."""
    located = [ast.fix_missing_locations(ast.copy_location(node, statement.node)) for node in new]
    body = [*block[:position], *located, *block[position + 1 :]] or [ast.Pass()]
    text = more.pop("own_text", "") or "; ".join(written(node) for node in located)
    return Edit(statement, [(Slot(WholeBlock(block), "statements"), body)], kind, cost, own_text=text, **more)


def replaced(definition: ast.FunctionDef, statement: Statement, new: ast.stmt, kind: str) -> Edit | None:
    """An edit that puts another statement in one's place; None if the function does not have it."""
    place = place_of(definition, statement.node)
    return None if place is None else exchanged_for(statement, place[0], place[1], [new], kind, 0.0)


class WholeBlock:
    """A block of statements as one attribute, so that a slot can exchange all of it."""

    def __init__(self, block: list[ast.stmt]):
        self.block = block

    @property
    def statements(self) -> list[ast.stmt]:
        return list(self.block)

    @statements.setter
    def statements(self, new: list[ast.stmt]) -> None:
        self.block[:] = new


def followed(definition: ast.FunctionDef, statement: Statement, line: ast.stmt) -> Edit:
    """An edit that puts a line behind a statement of the function."""
    place = place_of(definition, statement.node)
    assert place is not None
    text = f"{written(ast.fix_missing_locations(line))}, after this line"
    return exchanged_for(statement, place[0], place[1], [statement.node, line], "missing_line", 0.0, own_text=text)
