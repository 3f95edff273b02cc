"""Where to look first: every statement of the functions that ran, with how suspicious it is.

Two kinds of evidence. A value that equals one of the reference's is not suspicious in itself. And a right value put
in the place of what a statement assigned (`cut`), after which everything comes out right, says that nothing is wrong
behind it: the first such statement is the culprit, or the culprit is in what leads up to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.course.names import concept
from backpropviz.course.record import Case
from backpropviz.diagnose.examine import Examination, Failure, Outcome
from backpropviz.diagnose.matching import arrangements, is_array, match
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Entry, Reference
from backpropviz.diagnose.student.loading import MODULE
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import ARGUMENT, Record, Recorder, Statement
from backpropviz.diagnose.student.work import WORK, Budget

MATCHED, PLAIN, UNMATCHED = 2.0, 1.5, 1.0


@dataclass
class Suspect:
    """A statement and what is known about it.

    Attributes:
        penalty: how far down the list it is; 0 is the first suspect.
        target: the name whose value was looked at. value: what it was in the focus case.
        computes: it returns a wrong result that is more than a name. innocent: a right result rests on it as well.
        matched: the right value it equals. cut: the right value that mends everything when put in its place.
    """

    statement: Statement
    penalty: float
    target: str = ""
    value: Any = None
    matched: Entry | None = None
    cut: Entry | None = None
    cut_value: Any = None
    mended: frozenset[str] = frozenset()
    order: int = 0
    computes: bool = False
    innocent: bool = False


@dataclass
class Scene:
    """One recorded run of the focus case, its rounds counted, and the suspects in it, in the order of execution."""

    case: Case
    right: Reference
    outcome: Outcome
    record: Record
    rounds: int
    suspects: list[Suspect] = field(default_factory=list)

    def scope(self, statement: Statement) -> dict[str, Any]:
        """What names stood for when a statement ran: arguments, and whatever was assigned before it (or in a loop)."""
        found: dict[str, tuple[int, Any]] = {}
        for (function, index, name), visit in self.record.visits.items():
            if function != statement.function or name in ("return", ""):
                continue
            if index < statement.index and (name not in found or index > found[name][0]):
                found[name] = (index, visit.value)
        values = {name: value for name, (_, value) in found.items()}
        for name, value in list(values.items()):
            if type(value).__module__ == MODULE:  # what else a layer of a class of the student's holds
                values = {f"{name}.{attribute}": held for attribute, held in vars(value).items()} | values
        return values


def recorded(examination: Examination, case: Case, right: Reference) -> Scene:
    """Run a case with every statement recorded."""
    recorder = Recorder()
    began = WORK.done
    with examination.program.recorded(recorder):
        outcome = examination.run(case, right, recorder)
    return Scene(case, right, outcome, recorder.record, WORK.done - began)


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
    suspects = []
    for function in dict.fromkeys([main, *ran]):
        if function in skipped or function not in program.definitions or function in program.student.wrapped:
            continue
        positions = _wanted(pair.layer.wants, cells, stage)
        if stage == "backward" and function == pair.forward:
            positions = {len(pair.layer.outputs)}  # the cache
        influence = _slice(program.statements(function), positions)
        given = _given(program, pair, function) if pair.layer.is_own and not cells & {*pair.layer.outputs} else set()
        right = _right(pair.layer.wants, cells) if stage == "backward" and function == pair.backward else set()
        shared = _slice(program.statements(function), right) if right else set()
        for statement in program.statements(function):
            if statement.index in given:
                continue
            suspect = _judge(scene, statement, positions)
            suspect.innocent = statement.index in shared
            if statement.index not in influence and function in (pair.forward, pair.backward):
                suspect.penalty += 1.5
            if function in others:
                suspect.penalty += 0.7
            suspects.append(suspect)
    _notice_failure(scene, suspects, stage)
    _notice_changes(scene, suspects, cells)
    if stage == "backward":
        _notice_unpacking(program, [s for s in suspects if s.statement.function == pair.backward], pair.forward)
    for suspect in suspects:
        if _has_no_effect(suspect.statement.node):
            suspect.penalty = 0.3
    suspects.sort(key=lambda suspect: suspect.order)
    _cut(examination, scene, suspects, cells, stage, budget)
    scene.suspects = suspects
    return sorted(suspects, key=lambda suspect: suspect.penalty)


def _given(program: Program, pair: Pair, function: str) -> set[int]:
    """The statements that an output rests on which is taken as right: they are not to blame for any gradient."""
    its = program.student.wrapped.get(pair.forward)
    statements = program.statements(function)
    if its is not None and function == its.forward:
        return _slice(statements, None)
    if function != pair.forward:
        return set()
    returns = {s.index for s in statements if isinstance(s.node, ast.Return)}  # the cache is packed there, too
    return _slice(statements, set(range(len(pair.layer.outputs)))) - returns


def _has_no_effect(node: ast.stmt) -> bool:
    """`dx.T` on a line of its own."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute | ast.BinOp | ast.Subscript)


def _computes(node: ast.Return, positions: set[int] | None) -> bool:
    """One of the returned values at these positions is more than a name."""
    value = node.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
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


def _wanted(wants: tuple[str, ...], cells: set[str], stage: str) -> set[int] | None:
    """The positions of the wrong gradients in what the backward pass returns; None for "all"."""
    if stage == "forward":
        return None
    names = [f"d{name}" for name in wants]
    found = {names.index(cell.split()[0]) for cell in cells if cell.split()[0] in names}
    return found or None


def _right(wants: tuple[str, ...], cells: set[str]) -> set[int]:
    """The positions of the right gradients in what the backward pass returns."""
    return {i for i, name in enumerate(wants) if f"d{name}" not in cells}


def _slice(statements: list[Statement], positions: set[int] | None) -> set[int]:
    """The statements that what is returned at these positions may depend on, by names alone."""
    needed: set[str] = set()
    chosen: set[int] = set()
    for statement in statements:
        if isinstance(statement.node, ast.Return) and statement.node.value is not None:
            value = statement.node.value
            parts: Iterable[ast.AST] = [value]
            if positions is not None and isinstance(value, ast.Tuple) and len(value.elts) > max(positions):
                parts = [value.elts[i] for i in positions]
            needed |= {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
            chosen.add(statement.index)
    before = -1
    while before != len(chosen) + len(needed):
        before = len(chosen) + len(needed)
        for statement in statements:
            node = statement.node
            inside = isinstance(node, ast.If | ast.For | ast.While) and any(
                needed & set(inner.targets) for inner in statements if inner.node in set(ast.walk(node))
            )
            if inside or (needed & set(statement.targets) and not isinstance(node, ast.For)):
                chosen.add(statement.index)
                head = getattr(node, "test", node) if not isinstance(node, ast.For) else node.iter
                needed |= {n.id for n in ast.walk(head) if isinstance(n, ast.Name)}
    return chosen


def _matters(scene: Scene, stage: str) -> Failure | None:
    """The exception of the run, unless the stage that is looked at was over by then."""
    failure = scene.outcome.failure
    return None if failure is not None and stage == "forward" and failure.is_backward else failure


def _notice_failure(scene: Scene, suspects: list[Suspect], stage: str) -> None:
    """The statement an exception came from, and those that gave it its values."""
    failure = _matters(scene, stage)
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
    reads = {n.id for n in ast.walk(crashed.statement.node) if isinstance(n, ast.Name)}
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


def _cut(
    examination: Examination, scene: Scene, suspects: list[Suspect], cells: set[str], stage: str, budget: Budget
) -> None:
    """Put right values in the place of assigned ones, and lower the penalty of the first that mends everything."""
    values = {cell for cell in cells if " " not in cell}
    if not values or _matters(scene, stage) is not None:
        return
    for suspect in suspects:
        if suspect.value is not None and not budget.spent:
            _try_entries(examination, scene, suspect, values, stage)
    first = first_cut(suspects, values)
    if first is None:
        # no single value mends everything: the first cut for each wrong result on its own
        for cell in values:
            partial = first_cut(suspects, {cell})
            if partial is not None:
                partial.penalty = min(partial.penalty, 0.4)
        return
    first.penalty = min(first.penalty, 0.0 if is_odd(first) else 0.5 if _is_meant(first) else 1.0)
    for suspect in suspects:
        if suspect.order < first.order and is_odd(suspect) and suspect.value is not None:
            suspect.penalty -= 0.2
        elif suspect.order > first.order:
            suspect.penalty += 0.3 if suspect.cut is None else 0.9


def is_odd(suspect: Suspect) -> bool:
    """Its value is not known to be right; a match in the middle of one of our expressions says little."""
    return suspect.matched is None or (not suspect.matched.name and suspect.cut is not None and bool(suspect.cut.name))


def first_cut(suspects: list[Suspect], cells: set[str]) -> Suspect | None:
    """The first statement where a right value mends these cells, and whose own value is not known to be right (or is,
    but not for its name). Where all of them hold right values, a step is missing, and the last one is where it
    belongs."""
    cuts = [suspect for suspect in suspects if suspect.cut is not None and suspect.mended >= cells]
    return next((suspect for suspect in cuts if is_odd(suspect) or _is_meant(suspect)), cuts[-1] if cuts else None)


def _is_meant(suspect: Suspect) -> bool:
    """Its name says that it should be what mends everything."""
    wanted = suspect.cut.name if suspect.cut is not None else ""
    return bool(wanted) and wanted in (concept(suspect.target), suspect.target)


def _try_entries(examination: Examination, scene: Scene, suspect: Suspect, cells: set[str], stage: str) -> None:
    key = (*suspect.statement.key, suspect.target)
    visit = scene.record.visits.get(key)
    if visit is None or suspect.target == "return" or suspect.statement.index == ARGUMENT:
        return
    node = suspect.statement.node
    in_place = isinstance(node, ast.AugAssign) or not any(
        isinstance(target, ast.Name | ast.Tuple) for target in getattr(node, "targets", [])
    )
    for entry in scene.right.entries:
        if entry is suspect.matched or entry.value.size < 2:
            continue
        for right_value in arrangements(entry.value, suspect.value.shape):
            recorder = Recorder({key: (visit.count, right_value.copy(), in_place)})
            with examination.program.recorded(recorder):
                outcome = examination.run(scene.case, scene.right, recorder, 10 * scene.rounds + 2000)
            mended = cells - outcome.wrong()
            broken = {cell for cell in outcome.wrong() - scene.outcome.wrong() if not cell.endswith(" again")}
            fails = outcome.failure is not None and not (stage == "forward" and outcome.failure.is_backward)
            if not fails and not broken and cells <= set(outcome.cells) and len(mended) > len(suspect.mended):
                suspect.cut, suspect.cut_value, suspect.mended = entry, right_value, frozenset(mended)
        if suspect.mended >= cells:
            return
