"""Where to look first: every statement of the functions that ran, with how suspicious it is.

Two kinds of evidence. A value that equals one of the reference's is not suspicious in itself. And a right value put
in the place of what a statement assigned (`cut`), after which everything comes out right, says that nothing is wrong
behind it: the first such statement is the culprit, or the culprit is in what leads up to it.
"""

from __future__ import annotations

import ast

import numpy as np

from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.influence import (
    behind_right,
    leading_to,
    right_positions,
    taken_as_right,
    wrong_positions,
)
from backpropviz.diagnose.runs.matching import is_array, match
from backpropviz.diagnose.runs.scene import MATCHED, PLAIN, UNMATCHED, Scene, Suspect, matters
from backpropviz.diagnose.search.cuts import cut
from backpropviz.diagnose.search.handed_on import wrongly_made
from backpropviz.diagnose.search.stored import notice_stored
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.student.work import Budget
from backpropviz.study.values.trees import elements, names_in

AHEAD = 1.2  # how much more suspicious than all others a line is whose value the next round takes over
_LIKELIER = 0.9  # of the penalty of other lines: where a gradient is kept that came out wrong


def judged(examination: Examination, scene: Scene) -> list[Suspect]:
    """The statements of the backward pass by their values alone."""
    name = examination.pair.name
    return [_judge(scene, statement, None) for statement in examination.program.statements(name)]


def find_suspects(examination: Examination, scene: Scene, cells: set[str], stage: str, budget: Budget) -> list[Suspect]:
    """Every statement that ran (or was about to), the most suspicious first.

    Args:
        cells: what came out wrong. stage: "forward" or "backward".
    """
    pair, program = examination.pair, examination.program
    ran = list(dict.fromkeys(function for function, _, _ in scene.record.visits))
    if scene.outcome.failure and scene.outcome.failure.function in program.definitions:
        ran.append(scene.outcome.failure.function)
    main = (pair.backward if stage == "backward" else pair.forward) or pair.forward
    others = {pair.forward, pair.backward} - {main, None}
    skipped = others if stage == "forward" else set()
    before = _ran_before(scene, main) if pair.layer.is_own and stage == "backward" else set()
    suspects = []
    for function in dict.fromkeys([main, *ran]):
        if function in skipped or function not in program.definitions or function in program.student.wrapped:
            continue
        positions = wrong_positions(pair.layer.wants, cells, stage)
        if stage == "backward" and function == pair.forward:
            positions = {len(pair.layer.outputs)}  # the cache
        influence = leading_to(program.statements(function), positions)
        given = (
            taken_as_right(program, pair, function)
            if pair.layer.is_own and not cells & {*pair.layer.outputs}
            else set()
        )
        right = right_positions(pair.layer.wants, cells) if stage == "backward" and function == pair.backward else set()
        shared = leading_to(program.statements(function), right) if right else set()
        its = program.student.wrapped.get(pair.name)
        if its is not None and function == its.backward != its.forward and stage == "backward":
            shared = behind_right(program.statements(function), pair.layer.wants, cells)
        for statement in program.statements(function):
            if statement.index in given:
                continue
            suspect = _judge(scene, statement, positions)
            suspect.innocent = statement.index in shared
            if statement.index not in influence and function in (pair.forward, pair.backward):
                suspect.penalty += 1.5
            if function in others or function in before:
                suspect.penalty += 0.7
                if given and isinstance(
                    statement.node, ast.Return
                ):  # what it caches may be to blame, its output is not
                    suspect.penalty += 1.0
            suspects.append(suspect)
        if stage == "backward":
            notice_stored(program, scene, function, suspects, cells)
    _notice_failure(scene, suspects, stage)
    _notice_changes(scene, suspects, cells)
    _notice_places(suspects, cells)
    if stage == "backward":
        _notice_unpacking(program, [s for s in suspects if s.statement.function == pair.backward], pair.forward)
    for suspect in suspects:
        if _has_no_effect(suspect.statement.node):
            suspect.penalty = 0.3
    suspects.sort(key=lambda suspect: suspect.order)
    cut(examination, scene, suspects, cells, stage, budget)
    scene.suspects = suspects
    if stage == "backward" and scene.outcome.failure is None:
        scene.handing_on = wrongly_made(scene, suspects, main)
        if scene.handing_on is not None:
            scene.handing_on.penalty = min(suspect.penalty for suspect in suspects) - AHEAD
    return sorted(suspects, key=lambda suspect: suspect.penalty)


def _ran_before(scene: Scene, main: str) -> set[str]:
    """The functions that ran before the backward pass began: what they give is taken as right."""
    visits = [(function, visit.began) for (function, _, _), visit in scene.record.visits.items()]
    began = min((time for function, time in visits if function == main), default=0)
    return {function for function, time in visits if time < began}


def _has_no_effect(node: ast.stmt) -> bool:
    """`dx.T` on a line of its own."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute | ast.BinOp | ast.Subscript)


def _computes(node: ast.Return, positions: set[int] | None) -> bool:
    """One of the returned values at these positions is more than a name."""
    value = node.value
    parts = elements(value)
    chosen = [part for i, part in enumerate(parts) if positions is None or i in positions]
    return any(part is not None and not _only_names(part) for part in chosen)


def _only_names(node: ast.expr) -> bool:
    """A name, a shape, or a tuple of such: nothing is computed here."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(_only_names(part) for part in node.elts)
    return isinstance(node.value if isinstance(node, ast.Attribute) else node, ast.Name)


def _judge(scene: Scene, statement: Statement, positions: set[int] | None) -> Suspect:
    """A statement by its values alone."""
    visits = {
        name: visit for (function, index, name), visit in scene.record.visits.items()
        if (function, index) == statement.key
    }  # fmt: skip
    if not visits:
        return Suspect(statement, UNMATCHED + 2.0, order=1 << 30)
    order = min(visit.order for visit in visits.values())
    if isinstance(statement.node, ast.Return):
        computes = _computes(statement.node, positions)
        return Suspect(statement, UNMATCHED if computes else PLAIN, order=order, computes=computes)
    arrays = {name: visit for name, visit in visits.items() if is_array(visit.value) and np.ptp(visit.value) != 0}
    if not arrays:
        return Suspect(statement, PLAIN, order=order)
    suspect = Suspect(statement, MATCHED, order=order)
    for name, visit in arrays.items():
        entry = match(visit.value, scene.right)
        if suspect.target == "" or entry is None:
            suspect.target, suspect.value, suspect.matched = name, visit.value, entry
        if entry is None:
            suspect.penalty = UNMATCHED
            break
    return suspect


def _notice_failure(scene: Scene, suspects: list[Suspect], stage: str) -> None:
    """The statement an exception came from, and those that gave it its values."""
    failure = matters(scene, stage)
    if failure is None:
        return
    spans = [
        s for s in suspects
        if s.statement.function == failure.function
        and s.statement.line <= failure.line <= (s.statement.node.end_lineno or 0)
    ]  # fmt: skip
    if not spans:
        return
    crashed = max(spans, key=lambda s: s.statement.line)
    crashed.penalty = 0.0
    reads = names_in(crashed.statement.node)
    for suspect in suspects:
        if (
            suspect is not crashed
            and suspect.statement.function == failure.function
            and reads & set(suspect.statement.targets)
        ):
            suspect.penalty = min(suspect.penalty, 1.0)


def _notice_changes(scene: Scene, suspects: list[Suspect], cells: set[str]) -> None:
    """The statements that changed an array which belongs to the caller."""
    for name, key in scene.record.changed.items():
        if f"{name} unchanged" in cells:
            for suspect in suspects:
                if suspect.statement.key == key:
                    suspect.penalty = 0.0
                elif _is_alias(suspect.statement, key, suspects):
                    suspect.penalty = min(suspect.penalty, 0.1)


def _notice_places(suspects: list[Suspect], cells: set[str]) -> None:
    """The statements that compute what is kept in the place of a gradient that came out wrong, `grads["W2"] = h.T @ d`;
    first of all those with the right values in another arrangement."""
    called = {suspect.target for suspect in suspects}
    for suspect in suspects:
        node, entry = suspect.statement.node, suspect.matched
        if not isinstance(node, ast.Assign | ast.AugAssign) or _only_names(node.value):
            continue
        gradient = entry.name if entry is not None and entry.name in cells else ""
        is_named = gradient == suspect.target or gradient not in called  # else another line gives it that name
        if entry is not None and gradient and is_named and np.shape(suspect.value) != np.shape(entry.value):
            suspect.penalty = min(suspect.penalty, UNMATCHED)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            key = getattr(target.slice, "value", None) if isinstance(target, ast.Subscript) else None
            if isinstance(key, str) and {f"d{key}", key} & cells:
                suspect.penalty = min(suspect.penalty, _LIKELIER * PLAIN)


def _is_alias(statement: Statement, changing: tuple[str, int], suspects: list[Suspect]) -> bool:
    """`dx = dout`, where another statement goes on to change dx in place."""
    node = statement.node
    changed = next((s.statement.targets for s in suspects if s.statement.key == changing), ())
    same = statement.function == changing[0] and statement.index < changing[1]
    return same and isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and (
        {*statement.targets} <= {*changed}
    )  # fmt: skip


def packed_names(function: ast.FunctionDef) -> list[list[str]]:
    """The tuples that a function makes, each as the names in it; empty for what is no name."""
    return [
        [getattr(part, "id", "") for part in node.elts]
        for node in ast.walk(function)
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load)
    ]


def _notice_unpacking(program: Program, suspects: list[Suspect], forward: str) -> None:
    """The statements that take something out of the cache under the name of what was put in at another place."""
    packed = packed_names(program.definitions[forward])
    for suspect in suspects:
        node = suspect.statement.node
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Name):
            names = [getattr(part, "id", "") for part in node.targets[0].elts]
            for put in packed:
                crossed = [i for i, name in enumerate(names) if name in put and put.index(name) != i]
                if len(put) == len(names) and crossed:
                    suspect.penalty = min(suspect.penalty, 0.2)
