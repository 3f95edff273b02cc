"""In which round of its loop a statement goes wrong first, told by running it beside the repaired one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Follower, Statement

MOST = 2000  # executions that are looked at


def follower(program: Program, statement: Statement) -> Follower | None:
    """Watches a statement that stands in a loop; None for any other, and for loops themselves."""
    if not statement.loops or not statement.targets or isinstance(statement.node, ast.For | ast.While):
        return None
    around = [
        (each.function, each.index, name)
        for each in program.statements(statement.function)
        if isinstance(each.node, ast.For) and _contains(each.node, statement)
        for name in each.targets
    ]
    return Follower((statement.function, statement.index, statement.targets[0]), tuple(around), MOST)


def _contains(loop: ast.For, statement: Statement) -> bool:
    return any(node is statement.node for node in ast.walk(loop))


def first_wrong(own: Follower, repaired: Follower, same: Callable[[Any, Any], bool], loops: int) -> str:
    """`right in round 0 (t = 4), wrong from round 1 on (t = 3)`; nothing if it is wrong from the start, or never."""
    pairs = list(zip(own.values, repaired.values))
    wrong = next((at for at, (one, other) in enumerate(pairs) if not same(one, other)), 0)
    if not wrong:
        return ""
    names = [name for _, _, name in own.around]
    first, then = (
        ", ".join(f"{name} = {value}" for name, value in zip(names, own.rounds[at]) if isinstance(value, int))
        for at in (wrong - 1, wrong)
    )
    if loops > 1 or not then:
        return f"right {'once' if wrong == 1 else f'{wrong} times'}, wrong from {then or f'time {wrong + 1}'} on"
    right = "round 0" if wrong == 1 else f"rounds 0 to {wrong - 1}"
    return f"right in {right} ({first}), wrong from round {wrong} on ({then})"
