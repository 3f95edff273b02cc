"""What lines of a loop should give in the first round that runs, and expressions that do.

A loop's last round is no good for this: by then, what rounds hand on to each other is wrong everywhere. In the first
one, a line that makes a gradient is held against what the trace knows, and what is handed on:

    meant   `da = ...` where the round has an `a`: the gradient of that `a`, and of no other round's
    carried what a round makes for the next and no line reads
    terms   of the paths whose gradients meet in a value the line has some, and not the others

What is missing is told in the names of the round. That the line is right then is for whole runs to say.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.runs.matching import is_array
from backpropviz.diagnose.runs.outcomes import ROUNDING, difference
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.search.locally import Failed, value_of
from backpropviz.diagnose.search.wanted import expressions
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.telling import kinds
from backpropviz.engine.graph import Node
from backpropviz.study.values.trees import binary, name
from backpropviz.study.values.valued import broadcast

MOST_TERMS, MOST_MISSING = 6, 4  # of one value; looked for in one line
MOST_TOLD, MOST_EACH = 6, 2  # expressions that are found for each; that are run


def first_round_edits(scene: Scene, suspect: Suspect, read: Collection[str], program: Program) -> Iterator[Edit]:
    """Edits that give a line of a loop, in the first round, what it lacks; the likeliest first.

    Args:
        read: the names of arrays that are read row by row (`p[0]`).
    """
    statement, node = suspect.statement, suspect.statement.node
    visit = scene.record.visits.get((*statement.key, suspect.target))
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return
    if not statement.loops or visit is None or not is_array(visit.first):
        return

    def edit(tree: ast.expr, kind: str = "") -> Edit:
        return Edit(statement, [(Slot(node, "value"), tree)], kind or kinds.of_change(node.value, tree), 0.0)

    scope = first_scope(scene, statement)
    told = {each: value for each, value in _with_rows(scope, read).items() if not _is_zero(value)}
    its_own = [each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)]
    for carried in _left_over(program.statements(statement.function), statement, scope):
        if scope[carried].shape == visit.first.shape:
            yield edit(binary(node.value, ast.Add(), name(carried)), "missing_term")
    adds_up = _is_zero(scope.get(suspect.target)) and not _is_read_inside(program, statement, suspect.target)
    for wanted in () if adds_up else _meant(scene, suspect.target, scope, visit.first):
        now = visit.first, node.value
        yield from map(edit, itertools.islice(expressions(wanted, told, its_own, now), MOST_EACH))
    addends = [(addend, _value(addend, {**program.student.namespace, **scope})) for addend in _addends(node.value)]
    for value, odd in itertools.islice(_missing(scene, visit.first, addends), MOST_MISSING):
        found = [*itertools.islice(_products(value, told), MOST_EACH)]
        found = found or sorted(itertools.islice(expressions(value, told, its_own), MOST_TOLD), key=_is_sum)
        for tree in found[:MOST_EACH]:
            parts = [tree if at == odd else addend for at, (addend, _) in enumerate(addends)]
            yield edit(_sum(parts)) if odd is not None else edit(_sum([*parts, tree]), "missing_term")


def _is_read_inside(program: Program, statement: Statement, target: str) -> bool:
    """Whether a round reads what the one before made: where none does, zeros in front of a loop are a sum's."""
    inside = [each.node for each in program.statements(statement.function) if each.loops]
    names = [node for each in inside for node in ast.walk(each) if isinstance(node, ast.Name)]
    return any(its.id == target and isinstance(its.ctx, ast.Load) for its in names)


def read_by_rows(definitions: Iterable[ast.FunctionDef]) -> set[str]:
    """The names of which functions read rows by their numbers."""
    return {
        node.value.id
        for definition in definitions for node in ast.walk(definition)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int) and isinstance(node.value, ast.Name)
    }  # fmt: skip


def first_scope(scene: Scene, statement: Statement) -> dict[str, Any]:
    """What names stood for when a statement in a loop ran for the first time."""
    found: dict[str, tuple[int, Any]] = {}
    for (function, index, target), visit in scene.record.visits.items():
        is_before = index < statement.index and (target not in found or index > found[target][0])
        if function == statement.function and target not in ("return", "") and is_before:
            found[target] = (index, visit.first)
    return {target: value for target, (_, value) in found.items()}


def _with_rows(scope: Mapping[str, Any], read: Collection[str]) -> dict[str, Any]:
    """With the rows of what is read by rows, as values of their own."""
    whole = {each: scope[each] for each in read if is_array(scope.get(each)) and len(scope[each]) <= MOST_TERMS}
    return {**{f"{each}[{at}]": row for each, value in whole.items() for at, row in enumerate(value)}, **scope}


def _left_over(statements: list[Statement], reader: Statement, scope: Mapping[str, Any]) -> list[str]:
    """What a round makes for the next, behind a line, and none reads: it is zero in the first."""
    inside = [each for each in statements if each.loops]
    read = {
        node.id
        for each in inside for node in ast.walk(each.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }  # fmt: skip
    made = {target for each in inside if each.index > reader.index for target in each.targets}
    return sorted(each for each in made - read if _is_zero(scope.get(each)))


def _meant(scene: Scene, target: str, scope: Mapping[str, Any], now: Any) -> Iterator[Any]:
    """The gradient of what the target is named after, if the line gives another one."""
    of: Any = scope.get(target[1:].removeprefix("_")) if target.startswith("d") else None
    if not is_array(of) or of.shape != now.shape:
        return
    for trace in scene.right.traces:
        for node in trace.nodes:
            if node.gradient is not None and node.shape == of.shape and difference(node.value, of) <= ROUNDING:
                if difference(now, node.gradient.value) > ROUNDING:
                    yield node.gradient.value
                return


def _missing(
    scene: Scene, now: Any, addends: list[tuple[ast.expr, Any]]
) -> Iterator[tuple[Any, int | None]]:  # fmt: skip
    """Terms that a line lacks, of a value of which it adds up other terms; and which of its addends is no term of it,
    so that the missing one belongs in its place."""
    for node in _meetings(scene, now.shape):
        terms = [term.node.value for term in node.terms]
        having = [_subset(value, terms) for _, value in addends]
        known = {at for its in having for at in its or ()}
        odd = [at for at, its in enumerate(having) if its is None]
        if known and len(odd) <= 1:
            yield from ((term, odd[0] if odd else None) for at, term in enumerate(terms) if at not in known)


def _meetings(scene: Scene, shape: tuple[int, ...]) -> Iterator[Node]:
    """The values of a shape in which several paths meet."""
    for trace in scene.right.traces:
        for node in trace.nodes:
            if 1 < len(node.terms) <= MOST_TERMS and node.shape == shape and node.gradient is not None:
                yield node


def _subset(value: Any, terms: list[Any]) -> tuple[int, ...] | None:
    """Which terms add up to a value; None where none do."""
    if _is_zero(value):  # what is handed on, before anything was
        return ()
    if not is_array(value):
        return None
    for count in range(1, len(terms)):
        for chosen in itertools.combinations(range(len(terms)), count):
            total = np.sum([terms[at] for at in chosen], axis=0)
            if total.shape == value.shape and np.any(total) and difference(value, total) <= ROUNDING:
                return chosen
    return None


def _addends(node: ast.expr) -> list[ast.expr]:
    """The parts of a sum in their order; an expression that is none is the only one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_addends(node.left), *_addends(node.right)]
    return [node]


def _sum(parts: list[ast.expr]) -> ast.expr:
    total, *rest = parts
    for part in rest:
        total = binary(total, ast.Add(), part)
    return total


def _products(wanted: Any, told: dict[str, Any]) -> Iterator[ast.expr]:
    """Names that have a value, and products of two: a gate (`df * p[1]`), or weights (`dz @ W.T`); what was made last
    comes first."""
    arrays = [(each, value) for each, value in reversed(told.items()) if is_array(value)]
    yield from (
        name(each) for each, value in arrays if value.shape == wanted.shape and difference(value, wanted) <= ROUNDING
    )
    for (one, a), (other, b) in itertools.combinations(arrays, 2):
        if wanted.shape == broadcast(a.shape, b.shape) and difference(a * b, wanted) <= ROUNDING:
            yield binary(name(one), ast.Mult(), name(other))
    for (one, a), (other, b) in itertools.permutations(arrays, 2):
        fits = a.ndim == b.ndim == wanted.ndim == 2 and wanted.shape == (len(a), len(b)) and a.shape[1] == b.shape[1]
        if fits and difference(a @ b.T, wanted) <= ROUNDING:
            yield binary(name(one), ast.MatMult(), ast.Attribute(name(other), "T", ast.Load()))


def _is_sum(tree: ast.expr) -> bool:
    """A term is a gradient times something, as a rule: no sum, and no difference."""
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)


def _is_zero(value: Any) -> bool:
    return isinstance(value, np.ndarray) and not np.any(value)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    try:
        return value_of(node, values)
    except Failed:
        return None
