"""Gradients that are stored by name, `grads['W1'] = ...`: which lines only the wrong ones rest on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backpropviz.diagnose.runs.influence import behind, reads
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.search.locally import Failed, value_of
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement

FAR = 2.0  # what it costs a line that a right gradient rests on it as well
NEAR = 1.0  # how suspicious at least a line is on which wrong ones alone rest


def notice_stored(program: Program, scene: Scene, function: str, suspects: list[Suspect], cells: set[str]) -> None:
    """Suspect what only wrong gradients of a dictionary rest on; what right ones rest on as well is innocent."""
    statements = program.statements(function)
    right, wrong = set[int](), set[int]()
    for statement, holder, keys in _stores(program, scene, statements):
        stored = {f"d{key}" for key in keys} & {*scene.outcome.cells}
        rests_on = behind(statements, reads(statement.node) - {holder}, statement.index)
        right |= {*rests_on, statement.index} if stored - cells else set()
        wrong |= {*rests_on, statement.index} if stored & cells else set()
    if not right or not wrong:
        return
    for suspect in suspects:
        if suspect.statement.function != function:
            continue
        if suspect.statement.index in right:
            suspect.innocent = True
            suspect.penalty += FAR
        elif suspect.statement.index in wrong:
            suspect.penalty = min(suspect.penalty, NEAR)


def _stores(
    program: Program, scene: Scene, statements: list[Statement]
) -> Iterator[tuple[Statement, str, list[str]]]:  # fmt: skip
    """The statements that store something by a word, what they store it in, and the words, in a loop the last ones."""
    for statement in statements:
        node = statement.node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        parts = [part for target in targets for part in getattr(target, "elts", [target])]
        places = [part for part in parts if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name)]
        if not places:
            continue
        values = {**program.student.namespace, **scene.scope(statement)}
        keys = []
        for place in places:
            try:
                keys.append(value_of(place.slice, values))
            except Failed:
                continue
        if words := [key for key in keys if isinstance(key, str)]:
            yield statement, ast.unparse(places[0].value), words
