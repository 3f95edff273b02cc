"""What a round of a loop hands to the next: where that is wrong, the line that makes it is to blame, not who reads it.

`dh = dhs[t] + dnext` is right in the first round, in which nothing was handed on yet, and wrong in all later ones if
`dnext` was made wrongly at the end of the first. So the values of the first rounds are compared with the right ones.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backpropviz.diagnose.runs.matching import is_array, match
from backpropviz.diagnose.runs.outcomes import TOLERANCE, difference
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import names_read


def taken_over(statements: list[Statement], reader: Statement, names: set[str]) -> dict[str, list[Statement]]:
    """Of names that a statement in a loop reads, those that the round before left, with what assigns them."""
    found = {}
    for name in sorted(names):
        makers = [each for each in statements if each.loops and name in each.targets]
        before = [each for each in makers if each.index < reader.index]
        if makers and not before and not isinstance(makers[-1].node, ast.For | ast.While):
            found[name] = makers
    return found


def wrongly_made(scene: Scene, suspects: list[Suspect], function: str) -> Suspect | None:
    """The statement of a first round that makes a wrong value for the second, where a reader shows it first."""
    inside = sorted(
        (s for s in suspects if s.statement.function == function and s.statement.loops),
        key=lambda suspect: suspect.statement.index,
    )
    of = {suspect.statement.index: suspect for suspect in inside}
    statements = [suspect.statement for suspect in inside]
    for reader in inside:
        visit = scene.record.visits.get((*reader.statement.key, reader.target))
        if visit is None or visit.count < 2 or match(visit.first, scene.right) is None:
            continue
        for name, makers in taken_over(statements, reader.statement, _reads(reader.statement)).items():
            first = _first(scene, makers[-1], name)
            if not is_array(first) or np.ptp(first) == 0 or _is_right(scene, first):
                continue
            return _origin(scene, of, makers, name)
    return None


def _first(scene: Scene, statement: Statement, name: str) -> Any:
    visit = scene.record.visits.get((*statement.key, name))
    return None if visit is None else visit.first


def _is_right(scene: Scene, value: Any) -> bool:
    """Whether what is handed on is a right value, or becomes one with a part of what comes from above."""
    if match(value, scene.right) is not None:
        return True
    totals = [e.value for e in scene.right.entries if e.role == "gradient" and e.value.shape == value.shape]
    parts = [np.take(whole, at, axis)
             for whole in map(np.asarray, scene.right.upstream.values())
             for axis in range(whole.ndim) if whole.ndim == value.ndim + 1
             for at in range(whole.shape[axis])]  # fmt: skip
    return any(
        part.shape == value.shape and difference(value + part, total) <= TOLERANCE for part in parts for total in totals
    )


def _origin(scene: Scene, of: dict[int, Suspect], makers: list[Statement], name: str) -> Suspect:
    """Back from what is handed on to where right values go in and none comes out; of several terms, to a wrong one."""
    values = [_first(scene, maker, name) for maker in makers]
    steps = [value if at == 0 or not _adds(makers[at]) else value - values[at - 1] for at, value in enumerate(values)]
    wrong = [maker for maker, step in zip(makers, steps) if match(step, scene.right) is None]
    whole = [maker for maker in makers if not _adds(maker)]
    # of a sum whose terms are all right one is missing; a single expression may be right and be no value of ours
    at = of[(wrong or makers)[0 if wrong else -1].index]
    if len(makers) > 1 and not wrong:
        return at
    waiting, known = [at], {at.statement.index}
    origin = at
    while waiting:
        for other in _odd_sources(scene, of, waiting.pop(), {*makers, *whole}):
            if other.statement.index not in known:
                known.add(other.statement.index)
                waiting.append(other)
                origin = min(origin, other, key=lambda suspect: suspect.statement.index)
    return origin


def _odd_sources(scene: Scene, of: dict[int, Suspect], suspect: Suspect, makers: set[Statement]) -> list[Suspect]:
    """What a statement reads of its round that is no right value, and that nothing right was made of."""
    reads, index = _reads(suspect.statement.node), suspect.statement.index
    found = []
    for other in of.values():
        statement = other.statement
        if statement in makers or statement.index >= index or not reads & {*statement.targets}:
            continue
        value = _first(scene, statement, other.target)
        if not is_array(value) or match(value, scene.right) is not None:
            continue
        readers = [s for s in of.values() if other.target in _reads(s.statement) and s.statement not in makers]
        made = [_first(scene, s.statement, s.target) for s in readers if s.target]
        if not any(is_array(each) and match(each, scene.right) is not None for each in made):
            found.append(other)
    return found


def _adds(statement: Statement) -> bool:
    return isinstance(statement.node, ast.AugAssign) and isinstance(statement.node.op, ast.Add)


def _reads(statement: Statement | ast.stmt) -> set[str]:
    """The names that a statement reads, also those that it adds to."""
    node = statement.node if isinstance(statement, Statement) else statement
    if isinstance(node, ast.For | ast.While | ast.If):
        return set()
    read = names_read(node)
    return read | (
        {*statement.targets} if isinstance(statement, Statement) and isinstance(node, ast.AugAssign) else set()
    )
