"""Makes the page of a finding: the program as it was and as it is mended, side by side on the smallest input."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs import matching
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import TOLERANCE, difference
from backpropviz.diagnose.runs.scene import Scene, recorded
from backpropviz.diagnose.telling.page import Page, Table, furthest
from backpropviz.diagnose.telling.smallest import smallest
from backpropviz.diagnose.verdict import Finding

Definitions = Mapping[str, ast.FunctionDef]
_PLACE = "result"
VISIBLE = 0.05  # of the largest entry: a difference that tables of four digits show


@dataclass(frozen=True)
class _Seen:
    """A value that is not what it should be: where, the student's, the right one, and the exception if there was one.

    `place` is what was looked at: the name that a line assigns, or a result. `left` are the results that are wrong all
    the same, with the line as it should be.
    """

    place: tuple[str, str]
    got: Any
    want: Any
    failure: str
    right: Reference
    left: frozenset[str]

    @property
    def gap(self) -> float:
        """How far apart the values are, as a share of the largest right entry; inf where there is no comparing."""
        return float("inf") if self.got is None else difference(self.got, np.asarray(self.want))


class Explaining:
    """The pages of the findings of one pair.

    Args:
        before: the functions with everything repaired that was found before. after: with these findings repaired too.
    """

    def __init__(self, examination: Examination, before: Definitions, after: Definitions):
        self.examination, self.program = examination, examination.program
        self.before, self.after = before, after

    def explained(self, finding: Finding) -> Finding:
        """The finding with its page, where one can be made."""
        now = self.program.definitions.copy()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                page = self._page(finding)
        finally:
            self.program.restore(now)
        return replace(finding, page=page)

    def _page(self, finding: Finding) -> Page | None:
        found = self._plainest(finding)
        if found is None:
            return None
        case, first = found

        def shows(smaller: Case) -> _Seen | None:
            its = self._answer(smaller)
            seen = self._seen(finding, smaller, its) if its is not None else None
            return seen if seen is not None and _is_like(seen, first) else None

        case, seen = smallest(case, first, shows)
        return _written(case, seen, _meaning(first))

    def _plainest(self, finding: Finding) -> tuple[Case, _Seen] | None:
        """The smallest configuration that shows the fault plainly; where none does, the one that shows it most."""
        found: tuple[Case, _Seen] | None = None
        for case, right in sorted(self.examination.cases, key=lambda its: sum(v.size for v in its[0].inputs.values())):
            seen = self._seen(finding, case, right)
            if seen is not None and (found is None or seen.gap > found[1].gap):
                found = case, seen
            if found is not None and found[1].gap >= VISIBLE:
                break
        return found

    def _answer(self, case: Case) -> Reference | None:
        """What is right for a case; None where that makes no sense."""
        try:
            right = self.examination.answer(case)
        except Exception:  # of sizes that do not go together; there is no telling which
            return None
        values = [*right.outputs.values(), *right.gradients.values()] if right is not None else []
        return right if right is not None and all(np.isfinite(value).all() for value in values) else None

    def _seen(self, finding: Finding, case: Case, right: Reference) -> _Seen | None:
        """What the line does in a case; None where nothing is wrong there, or something else is."""
        try:
            self.program.restore(self.before)
            broken = recorded(self.examination, case, right)
            self.program.restore(self.after)
            mended = recorded(self.examination, case, right) if self.before != self.after else None
        except Exception:  # it cannot be called like that
            return None
        outcome = broken.outcome
        if outcome.refused or outcome.missing or not outcome.wrong():
            return None
        if mended is not None and (mended.outcome.failure or not mended.outcome.wrong() < outcome.wrong()):
            return None
        failure = outcome.failure
        said = f"{failure.type}: {failure.message}".rstrip(": ") if failure is not None else ""
        for place, got, want in (*self._on_the_line(finding, broken, mended), *_results(broken)):
            left = frozenset((broken if mended is None else mended).outcome.wrong())
            return _Seen(place, got, want, said, right, left)
        return None

    def _on_the_line(self, finding: Finding, broken: Scene, mended: Scene | None) -> Iterator[Any]:
        """The values that the line assigns, as far as they are wrong; of a repaired program as the repair has them."""
        index_of = self._indices(self.before, finding), self._indices(self.after, finding)
        for (function, index, name), visit in broken.record.visits.items():
            if function != finding.function or index not in index_of[0] or name in ("", "return"):
                continue
            if mended is None:
                want = _named(broken, name, visit.value)
            else:
                keys = [(function, other, name) for other in index_of[1]]
                want = next((mended.record.visits[k].value for k in keys if k in mended.record.visits), None)
            if _are_numbers(visit.value) and _are_numbers(want) and _differ(visit.value, want):
                yield ("line", name), visit.value, want
        failure = broken.outcome.failure
        if failure is not None and mended is not None and failure.line == finding.line:
            for (function, index, name), visit in mended.record.visits.items():
                is_there = function == finding.function and index in index_of[1] and name not in ("", "return")
                if is_there and _are_numbers(visit.value):
                    yield ("line", name), None, visit.value

    def _indices(self, definitions: Definitions, finding: Finding) -> list[int]:
        if finding.function not in definitions or finding.kind == "missing_line":
            return []
        self.program.restore(definitions)
        return [its.index for its in self.program.statements(finding.function) if its.line == finding.line]


def _is_like(seen: _Seen, first: _Seen) -> bool:
    """It is the same that is wrong, as plainly, and no other trouble comes in: a right value that vanishes, what is not
    finite all at once, or a size that the file has settled, so that other results go wrong as well."""
    if (seen.place, seen.failure.partition(":")[0]) != (first.place, first.failure.partition(":")[0]):
        return False
    if not seen.left <= first.left:
        return False
    if (seen.got is None) != (first.got is None) or bool(np.any(seen.want)) != bool(np.any(first.want)):
        return False
    if seen.got is None:
        return True
    if np.isfinite(seen.got).all() != np.isfinite(first.got).all():
        return False
    return seen.gap >= min(VISIBLE, first.gap / 2) if np.isfinite(first.gap) else not np.isfinite(seen.gap)


def _results(broken: Scene) -> Iterator[Any]:
    """The results that are wrong, the first one first; after an exception, what should have come."""
    for name, cell in broken.outcome.cells.items():
        if cell.ok or cell.want is None:
            continue
        if broken.outcome.failure is not None or cell.got is None:
            yield (_PLACE, name), None, cell.want
        elif _are_numbers(cell.got) and _differ(cell.got, cell.want):
            yield (_PLACE, name), cell.got, cell.want


def _named(scene: Scene, name: str, value: Any) -> Any:
    """The right value of this name, in the shape of the student's where it can be had."""
    for entry in scene.right.entries:
        if entry.name == name and np.size(value) == entry.value.size:
            return next(iter(matching.arrangements(entry.value, np.shape(value))), None)
    return None


def _are_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | float | int) and np.asarray(value).dtype.kind in "fiub"


def _differ(got: Any, want: Any) -> bool:
    return not difference(got, np.asarray(want)) <= TOLERANCE


def _meaning(seen: _Seen) -> str:
    """What a right value is, where our own trace passes through it by a name that the reader knows."""
    if seen.place[1].endswith(" unchanged"):
        return "what it was before the call"
    entry = matching.match(np.asarray(seen.want), seen.right)
    steps = [step for trace in seen.right.traces for step in trace.steps]
    made_up = {step.name for step in steps if not step.statement}  # called after operations: its source was not read
    if entry is None or not entry.name or entry.name.removeprefix("d") in made_up:
        return ""
    is_gradient = entry.role == "gradient" and entry.name.startswith("d") and len(entry.name) > 1
    what = f"the gradient of {entry.name[1:]}" if is_gradient else entry.name if entry.name != seen.place[1] else ""
    return ", ".join(part for part in (what, entry.step and f"step {entry.step} of the layer") if part)


def _written(case: Case, seen: _Seen, meaning: str) -> Page:
    name = seen.place[1]
    for ending, words in ((" unchanged", ", after the call"), (" again", ", when called once more")):
        name = name.removesuffix(ending) + words if name.endswith(ending) else name
    same = seen.got is not None and np.shape(seen.got) == np.shape(seen.want)
    near = furthest(seen.got, seen.want) if same else ()
    yours = Table.of(name, seen.got, near) if seen.got is not None else None
    differs = f"{name} {matching.describe(seen.got, np.asarray(seen.want), {}).words}" if yours is not None else ""
    came = "; ".join(part for part in (seen.failure, differs) if part) or f"{name} has no value"
    arrays = {**case.inputs, **({f"d{k}": v for k, v in seen.right.upstream.items()} if not case.forward_only else {})}
    if "loss" in seen.right.outputs:
        arrays = case.inputs
    plain = (bool, int, float, str)
    settings = tuple(f"{key} = {value}" for key, value in case.settings.items() if isinstance(value, plain))
    tables = tuple(Table.of(key, value) for key, value in arrays.items())
    return Page(name, meaning, came, yours, Table.of(name, seen.want, near), tables, settings)
