"""Repairs of several lines of a backward pass at once, read off the forward pass, which is right.

Where a window starts and what is padded is worked out in both passes, under the same names as a rule. What the
backward pass works out in another way may be wrong, and two such lines (`r0 = i * HH`, `c0 = j * WW`) are wrong
together: neither of them alone mends anything. So it is with a quotient and a rest that are exchanged.
"""

from __future__ import annotations

import ast
import builtins
import copy
import itertools
from collections.abc import Iterator

from backpropviz.diagnose.edits.tree import Edit, Slot, walk
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.telling import kinds
from backpropviz.study.values.trees import names_in

MOST_LINES = 4
COST = 1.0


def edits(program: Program, scene: Scene, forward: str, backward: str) -> Iterator[tuple[Suspect, Edit]]:
    """Lines of the backward pass as the forward pass has them, one, two or all of them; then what is exchanged."""
    suspects = {its.statement.index: its for its in scene.suspects if its.statement.function == backward}
    lines = [(its, edit) for its in suspects.values() if (edit := _as_forward(program, scene, forward, its))]
    chosen: list[tuple[tuple[Suspect, Edit], ...]] = [*itertools.combinations(lines[:MOST_LINES], 1)]
    chosen += itertools.combinations(lines[:MOST_LINES], 2)
    chosen += [tuple(lines)] if 2 < len(lines) <= MOST_LINES else []
    for some in chosen:
        yield some[0][0], some[0][1] if len(some) == 1 else Edit.together([edit for _, edit in some])
    yield from _exchanged([*suspects.values()])


def _as_forward(program: Program, scene: Scene, forward: str, suspect: Suspect) -> Edit | None:
    """The edit that gives a line the value, or the rounds, of the only other line for the same names."""
    here = _made(suspect.statement)
    there = {ast.unparse(its): its for s in program.statements(forward) if (its := _same(suspect.statement, s))}
    if here is None or len(there) != 1:
        return None
    ((text, tree),) = there.items()
    tree = _Spelled(program.statements(forward), {*scene.scope(suspect.statement)}).visit(copy.deepcopy(tree))
    known = {*scene.scope(suspect.statement), *program.student.namespace, *dir(builtins)}
    if text == ast.unparse(here.get()) or not names_in(tree) <= known:
        return None
    is_loop = isinstance(suspect.statement.node, ast.For)
    kind = "wrong_rounds" if is_loop else kinds.of_change(here.get(), tree)
    return Edit(suspect.statement, [(here, tree)], kind, COST)


class _Spelled(ast.NodeTransformer):
    """Names of the forward pass that the backward pass has not, as what they were given in their only line."""

    def __init__(self, statements: list[Statement], known: set[str]):
        made = [(its.targets[0], its.node.value) for its in statements
                if isinstance(its.node, ast.Assign) and len(its.targets) == 1 and _made(its)]  # fmt: skip
        names = [name for name, _ in made]
        self.given = {name: value for name, value in made if names.count(name) == 1 and name not in known}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.given.get(node.id, node))


def _made(statement: Statement) -> Slot | None:
    """What a line gives names, or a loop its variables; None where it does neither."""
    node = statement.node
    if isinstance(node, ast.For):
        return Slot(node, "iter")
    is_plain = isinstance(node, ast.Assign) and len(node.targets) == 1
    targets = getattr(node.targets[0], "elts", node.targets) if is_plain and isinstance(node, ast.Assign) else []
    return Slot(node, "value") if targets and all(isinstance(its, ast.Name) for its in targets) else None


def _same(one: Statement, other: Statement) -> ast.expr | None:
    """What another line gives, if it is of the same sort and for the same names."""
    made = _made(other)
    alike = type(one.node) is type(other.node) and one.targets == other.targets
    return made.get() if made is not None and alike else None


def _exchanged(suspects: list[Suspect]) -> Iterator[tuple[Suspect, Edit]]:
    """A quotient and the rest of the same division, each in the place of the other: `row = at % w; col = at // w`."""
    found = [
        (suspect, slot, node)
        for suspect in suspects for slot, node, _ in walk(suspect.statement.node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Mod)
    ]  # fmt: skip
    for (first, one, a), (second, other, b) in itertools.combinations(found, 2):
        if type(a.op) is type(b.op) or [*map(ast.dump, (a.left, a.right))] != [*map(ast.dump, (b.left, b.right))]:
            continue
        now, then = copy.deepcopy(b), copy.deepcopy(a)
        if first is second:
            yield first, Edit(first.statement, [(one, now), (other, then)], "wrong_operator", COST)
        else:
            parts = [(first.statement, one, now), (second.statement, other, then)]
            yield first, Edit.together([Edit(its, [(at, tree)], "wrong_operator", COST) for its, at, tree in parts])
