"""Statements in their blocks: found, exchanged, left out, or followed by others."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.student.recorder import Statement, written

Block = list[ast.stmt]


@dataclass(frozen=True)
class Place:
    """Where a statement stands.

    Attributes:
        block: the statements that it is one of. position: which. around: the compound statements around it with the
            blocks and positions that they have, innermost last.
    """

    statement: Statement
    block: Block
    position: int
    around: list[tuple[Block, int, ast.stmt]]

    @classmethod
    def of(cls, definition: ast.FunctionDef, statement: Statement) -> Place | None:
        """The place in a function; None if the function does not have the statement."""
        waiting = [cls(statement, definition.body, 0, [])]
        while waiting:
            start = waiting.pop()
            for position, node in enumerate(start.block):
                if node is statement.node:
                    return cls(statement, start.block, position, start.around)
                inner = [getattr(node, field, []) for field in ("body", "orelse", "finalbody")]
                inner += [handler.body for handler in getattr(node, "handlers", [])]
                around = [*start.around, (start.block, position, node)]
                waiting.extend(cls(statement, child, 0, around) for child in inner if child)
        return None

    @property
    def rest(self) -> Block:
        """The block without the statement."""
        return [*self.block[: self.position], *self.block[self.position + 1 :]]

    @property
    def loop(self) -> ast.For | ast.While | None:
        """The loop that the block is in, if it is nothing else."""
        node = self.around[-1][2] if self.around else None
        return node if isinstance(node, ast.For | ast.While) else None

    @property
    def is_last(self) -> bool:
        return self.position == len(self.block) - 1

    def exchanged(self, new: Block, kind: str, cost: float, text: str = "") -> Edit:
        """An edit that puts `new` where the statement stands.

        Args:
            text: what is said of it, where that is not how `new` is written.
        """
        located = [ast.fix_missing_locations(ast.copy_location(node, self.statement.node)) for node in new]
        body = [*self.block[: self.position], *located, *self.block[self.position + 1 :]] or [ast.Pass()]
        text = text or "; ".join(written(node) for node in located)
        return Edit(self.statement, [whole(self.block, body)], kind, cost, own_text=text)

    def followed(self, lines: Block, cost: float = 0.0) -> Edit:
        """An edit that puts lines behind the statement, which are missing there."""
        text = "; ".join(written(ast.fix_missing_locations(line)) for line in lines)
        return self.exchanged([self.statement.node, *lines], "missing_line", cost, f"{text}, after this line")


def whole(block: Block, new: Block) -> tuple[Slot, Any]:
    """The change of all statements of a block at once."""
    return Slot(block, slice(None)), new
