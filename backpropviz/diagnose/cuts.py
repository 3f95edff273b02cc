"""Right values put in the place of assigned ones: the first that mends everything shows where the culprit is."""

from __future__ import annotations

import ast

from backpropviz.course.names import concept
from backpropviz.diagnose.examine import Examination
from backpropviz.diagnose.matching import arrangements
from backpropviz.diagnose.scene import Scene, Suspect, matters
from backpropviz.diagnose.shorter import Shorter
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
    node, wrong = suspect.statement.node, scene.outcome.wrong()
    in_place = isinstance(node, ast.AugAssign) or not any(
        isinstance(target, ast.Name | ast.Tuple) for target in getattr(node, "targets", [])
    )
    layer, function = shorter.examination.pair.layer, suspect.statement.function
    # what the forward pass made may change no output that is right: that is seen sooner
    ahead = None if layer.is_loss or shorter.is_behind(function) else Shorter(shorter.examination, layer.outputs)
    for entry in scene.right.entries:
        if entry is suspect.matched or entry.value.size < 2:
            continue
        for right_value in arrangements(entry.value, suspect.value.shape):
            for its in [ahead, shorter] if ahead and stage == "backward" else [shorter]:
                recorder = Recorder({key: (visit.count, right_value.copy(), in_place)})
                outcome = its.run([function], scene.case, scene.right, recorder, 10 * scene.rounds + 2000)
                broken = {cell for cell in outcome.wrong() - wrong if not cell.endswith(" again")}
                if broken:
                    break
            mended = cells - outcome.wrong()
            fails = outcome.failure is not None and not (stage == "forward" and outcome.failure.is_backward)
            if not fails and not broken and cells <= set(outcome.cells) and len(mended) > len(suspect.mended):
                suspect.cut, suspect.cut_value, suspect.mended = entry, right_value, frozenset(mended)
        if suspect.mended >= cells:
            return
