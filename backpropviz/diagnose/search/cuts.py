"""Right values put in the place of assigned ones: the first that mends everything shows where the culprit is."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backpropviz.course.names import concept
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.matching import arrangements
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Scene, Suspect, matters
from backpropviz.diagnose.runs.shorter import Shorter
from backpropviz.diagnose.student.recorder import ARGUMENT, Recorder
from backpropviz.diagnose.student.work import Budget


def cut(
    examination: Examination, scene: Scene, suspects: list[Suspect], cells: set[str], stage: str, budget: Budget
) -> None:
    """Put right values in the place of assigned ones, and lower the penalty of the first that mends everything."""
    values = {cell for cell in cells if " " not in cell}
    if not values or matters(scene, stage) is not None:
        return
    shorter = Shorter(examination, values)
    for suspect in suspects:
        if suspect.value is not None and not budget.spent:
            _try_entries(shorter, scene, suspect, values, stage)
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


def _try_entries(shorter: Shorter, scene: Scene, suspect: Suspect, cells: set[str], stage: str) -> None:
    key = (*suspect.statement.key, suspect.target)
    visit = scene.record.visits.get(key)
    if visit is None or suspect.target == "return" or suspect.statement.index == ARGUMENT:
        return
    node, function, wrong = suspect.statement.node, suspect.statement.function, scene.outcome.wrong()
    in_place = isinstance(node, ast.AugAssign) or not any(
        isinstance(target, ast.Name | ast.Tuple) for target in getattr(node, "targets", [])
    )

    def put(value: Any, its: Shorter) -> tuple[Outcome, bool]:
        """What comes out with another value, and whether something that was right is not."""
        recorder = Recorder({key: (visit.count, value.copy(), in_place)})
        outcome = its.run([function], scene.case, scene.right, recorder, 10 * scene.rounds + 2000)
        return outcome, any(not cell.endswith(" again") for cell in outcome.wrong() - wrong)

    with np.errstate(all="ignore"):
        other = 1.7 * suspect.value + 0.3 * np.max(np.abs(suspect.value))  # any value that is not right, either
    layer = shorter.examination.pair.layer
    if stage == "backward" and not layer.is_loss and not shorter.is_behind(function):
        if put(other, Shorter(shorter.examination, layer.outputs))[1]:
            return  # right outputs rest on it
    elif not shorter.forward_only and not _may_mend(*put(other, shorter), scene, suspect, cells):
        return
    for entry in scene.right.entries:
        if entry is suspect.matched or entry.value.size < 2:
            continue
        for right_value in arrangements(entry.value, suspect.value.shape):
            outcome, broken = put(right_value, shorter)
            mended = cells - outcome.wrong()
            fails = outcome.failure is not None and not (stage == "forward" and outcome.failure.is_backward)
            if not fails and not broken and cells <= set(outcome.cells) and len(mended) > len(suspect.mended):
                suspect.cut, suspect.cut_value, suspect.mended = entry, right_value, frozenset(mended)
        if suspect.mended >= cells:
            return


def _may_mend(outcome: Outcome, broken: bool, scene: Scene, suspect: Suspect, cells: set[str]) -> bool:
    """Whether a right value in its place may make anything right: a wrong result rests on it, as another value in its
    place has shown, and no right result rests on a value that it has under its right name."""
    if outcome.failure is not None:
        return True
    if broken and suspect.matched is not None and suspect.matched.name:
        return False
    before = scene.outcome.cells
    return any(
        cell not in outcome.cells or not _same(outcome.cells[cell].got, before[cell].got) for cell in cells & {*before}
    )


def _same(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.array_equal(one, other, equal_nan=True)
