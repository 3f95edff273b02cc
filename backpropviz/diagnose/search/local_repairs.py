"""Edits that give one line a right value, whatever becomes of the results: the first of two faults."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backpropviz.course.names import concept
from backpropviz.diagnose.edits.expressions import expression_edits
from backpropviz.diagnose.edits.tree import Edit, Scope
from backpropviz.diagnose.pairs.reference import Entry
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.matching import match
from backpropviz.diagnose.runs.scene import MATCHED, Scene, Suspect
from backpropviz.diagnose.search import locally
from backpropviz.diagnose.search.cuts import is_odd
from backpropviz.diagnose.student.work import Budget

LOCAL_EDITS = 400


def local_repairs(
    examination: Examination, scene: Scene, budget: Budget
) -> Iterator[tuple[Suspect, Edit, Entry]]:  # fmt: skip
    """Edits that give a line's value a right value with a name of its own, whatever becomes of the results.

    The right-hand side is evaluated alone, on what the names stood for. A right value that another line has already
    does not count: leaving an operand out often gives back an earlier value. A line that has a right value, but not the
    one that it is named after, counts as well: `dx_hat = dout`.
    """
    namespace = examination.program.student.namespace
    taken = {id(suspect.matched) for suspect in scene.suspects}
    for suspect in scene.suspects:
        node = suspect.statement.node
        plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if (
            not plain
            or suspect.statement.loops
            or not (is_odd(suspect) or _meant(suspect, scene))
            or suspect.value is None
            or (suspect.penalty >= MATCHED and not _meant(suspect, scene))
        ):
            continue
        meant = "" if is_odd(suspect) else _meant(suspect, scene)
        values = {**namespace, **scene.scope(suspect.statement)}
        scope = Scope.of(scene.scope(suspect.statement), scene.case.settings, namespace)
        for edit in sorted(expression_edits(suspect.statement, scope), key=lambda edit: edit.cost)[:LOCAL_EDITS]:
            if budget.spent:
                return
            try:
                entry = match(locally.with_edit(edit, values), scene.right)
            except locally.Failed:
                continue
            if entry is not None and entry.name and id(entry) not in taken and meant in ("", entry.name):
                yield suspect, edit, entry
                break


def _meant(suspect: Suspect, scene: Scene) -> str:
    """The right value that a line is named after, if it holds another one; empty otherwise."""
    wanted = concept(suspect.target)
    known = any(entry.name == wanted for entry in scene.right.entries)
    return wanted if known and suspect.matched is not None and suspect.matched.name != wanted else ""
