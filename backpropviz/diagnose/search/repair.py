"""Looks for the one small edit that makes wrong results right: the best evidence there is.

Edits are tried best first (how suspicious the line is, plus how far-fetched the edit), on the cheapest case; those that
mend something there are run on every configuration.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.expressions import expression_edits
from backpropviz.diagnose.edits.statements import statement_edits
from backpropviz.diagnose.edits.tree import Edit, Scope, with_entries
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable
from backpropviz.diagnose.pairs.recognition import recognize
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.influence import looks_up, reads
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.runs.shorter import Shorter
from backpropviz.diagnose.search import plans
from backpropviz.diagnose.search.aims import aims
from backpropviz.diagnose.search.culprit import packed_names
from backpropviz.diagnose.search.hits import CLEAN, Hit
from backpropviz.diagnose.search.locally import Judging
from backpropviz.diagnose.search.wanted import expressions
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.student.work import EDIT, WORK, Budget
from backpropviz.diagnose.telling import kinds

MARGIN = 0.8  # how much dearer than the best repair another one may be and still be looked at
STILL = 120_000  # rounds for others, once a repair was found
PER_STATEMENT = 1500
MOST_VERIFIED = 12
MOST_WANTED = 4  # expressions found from a value


class Search:
    """The search for repairs of one pair, for the cells of one stage.

    `breaks_others` tells of a function whether, as it stands, something else that calls it goes wrong.
    """

    def __init__(
        self,
        examination: Examination,
        scene: Scene,
        before: list[Outcome],
        cells: set[str],
        budget: Budget,
        breaks_others: Callable[[str], bool] = lambda function: False,
    ):
        self.examination, self.scene, self.before = examination, scene, before
        self.breaks_others = breaks_others
        self.cells, self.budget = cells, budget
        self.values = {cell for cell in cells if " " not in cell}
        fails = scene.outcome.failure is not None
        wrong = [i for i, o in enumerate(before) if o.wrong() & cells and (fails or o.failure is None)]
        # edits are tried where that is cheapest; those that mend something there are run on everything
        # (a fault that spoils a gradient's shape in some configurations hides another one there)
        self.gate = min(wrong, key=lambda i: (before[i].is_misshapen(cells), before[i].rounds, i))
        self.forward_first = not any(cell.startswith("d") for cell in cells)
        self.shorter = Shorter(examination, cells)

    def run(self, suspects: list[Suspect]) -> list[Hit]:
        """All repairs that were found in time and cost not much more than the best, best first."""
        hits: list[Hit] = []
        limit = float("inf")
        for cost, suspect, planned in plans.in_order(suspects, self._edits):
            if cost > limit or self.budget.spent:
                break
            for edit in self._wanted(suspect) if planned is None else (planned,):
                if self.budget.spent:
                    break
                hit = self._try(cost, suspect, edit)
                if hit is not None:
                    hits.append(hit)
                    if hit.complete:
                        self.budget = self.budget.part(STILL)
                        limit = min(limit, cost + (MARGIN if hit.clean or not self.forward_first else CLEAN + MARGIN))
        hits.sort(key=lambda hit: hit.rank)
        return self._proved(hits)

    def first_of(self, edits: Iterable[tuple[Suspect, Edit]]) -> list[Hit]:
        """The first of some edits that mends everything, proved; empty where none does."""
        for suspect, edit in edits:
            if self.budget.spent:
                break
            hit = self._try(edit.cost, suspect, edit)
            if hit is not None and hit.complete and self._holds(hit):
                return [hit]
        return []

    def _proved(self, hits: list[Hit]) -> list[Hit]:
        """The repairs that hold on fresh configurations too; of the best line, the one that adds least comes first."""
        kept = [hit for i, hit in enumerate(hits) if i < MOST_VERIFIED and self._holds(hit)]
        if not kept:
            return []
        best = _where_it_came_from(kept)
        alike = [
            hit for hit in kept if hit.suspect is best.suspect and hit.worth == best.worth
        ]  # fmt: skip
        first = min(alike, key=lambda hit: (hit.edit.added, hit.cost))
        return [first, *(hit for hit in kept if hit is not first)]

    def _holds(self, hit: Hit) -> bool:
        """Whether what an edit mends comes out right on fresh configurations, too."""
        program, edit = self.examination.program, hit.edit
        try:
            with program.edited(edit):
                checked = self.cells if hit.complete else hit.mended
                for outcome in self.examination.run_fresh():
                    counts = not (outcome.refused or outcome.missing)
                    if counts and (self._fails(outcome) or outcome.wrong() & checked):
                        return False
        except Exception:  # an edit may make anything of a function
            return False
        return True

    def _edits(self, suspect: Suspect) -> plans.Found:
        # a layer that another one calls has its own settings: what is missing has to be handed on to it
        pair, called = self.examination.pair, recognize(suspect.statement.function) is not None
        is_own = suspect.statement.function in (pair.forward, pair.backward)
        settings = self.scene.case.settings if is_own or not called else {}
        namespace = self.examination.program.student.namespace
        scope = Scope.of(self.scene.scope(suspect.statement), settings, namespace)
        definition = self.examination.program.definitions[suspect.statement.function]
        found = [*expression_edits(suspect.statement, scope), *statement_edits(definition, suspect.statement, scope)]
        if self._unpacks_as_packed(suspect.statement):
            found = [edit for edit in found if edit.kind != "cache"]
        failure = self.scene.outcome.failure
        if failure is not None and failure.type == "MemoryError":
            return [], None
        if failure is not None and failure.type == "does not end":  # whatever ends it early ends it
            found = [edit for edit in found if edit.kind in ("missing_line", "wrong_place")]
        found.sort(key=lambda edit: edit.cost)
        found = found[:PER_STATEMENT]
        if self.scene.case.special:
            return found, None
        values = {**namespace, **self.scene.scope(suspect.statement)}
        return found, Judging(found, suspect.statement, values, self._wanted_value(suspect))

    def _wanted_value(self, suspect: Suspect) -> Any:
        """What the statement should give, where putting that in its place mends everything."""
        return suspect.cut_value if suspect.cut is not None and suspect.mended >= self.values else None

    def _wanted(self, suspect: Suspect) -> Iterator[Edit]:
        """The statement computing what it should, by expressions that are found from the value."""
        if suspect.statement.loops or self.scene.case.special or looks_up(suspect.statement.node):
            return
        its_own = self.scene.scope(suspect.statement)
        scope, known = {**self.examination.program.student.namespace, **its_own}, with_entries(its_own)
        for aim in aims(self.scene, suspect, scope, self._wanted_value(suspect), self.cells):
            before = aim.slot.get()
            read = (n for n in ast.walk(before) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript))
            first, now = [*map(ast.unparse, read)], None if aim.now is None else (aim.now, before)
            for tree in itertools.islice(expressions(aim.wanted, known, first, now), MOST_WANTED):
                kind = kinds.of_change(before, tree)
                yield Edit(suspect.statement, [(aim.slot, tree)], kind, plans.FROM_VALUE)

    def _unpacks_as_packed(self, statement: Statement) -> bool:
        """A tuple of names is taken out of the cache in the order in which the same names were put in."""
        node = statement.node
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
            return False
        packed = packed_names(self.examination.program.definitions[self.examination.pair.forward])
        taken = [getattr(part, "id", "") for part in node.targets[0].elts]
        return any(
            len(put) == len(taken) and all(a == b or a not in put for a, b in zip(taken, put)) and {*put} & {*taken}
            for put in packed
            if len(put) > 1
        )

    def _try(self, cost: float, suspect: Suspect, edit: Edit) -> Hit | None:
        WORK.spend(EDIT)
        program = self.examination.program
        try:
            with program.edited(edit):
                case, right = self.examination.cases[self.gate]
                changed = {suspect.statement.function, *(part.statement.function for part in edit.parts)}
                outcome = self.shorter.run(changed, case, right, None, 8 * self.scene.rounds + 1000)
                if not self._better(self.before[self.gate], outcome):
                    return None
                outcomes = self.examination.run_all()
                hit = self._judge(cost, suspect, edit, outcomes)
                return None if hit is None or self.breaks_others(suspect.statement.function) else hit
        except (CannotCall, NotApplicable):
            return None
        except Exception:  # an edit may make anything of a function; what does not even compile is no repair
            return None

    def _better(self, before: Outcome, after: Outcome) -> bool:
        if self._fails(after) or after.missing or after.refused or after.unfinished:
            return False
        judged = set(before.cells) & self.cells
        if not judged <= set(after.cells):
            return False
        wrong_before, wrong_after = before.wrong() & self.cells, after.wrong() & self.cells
        return wrong_after < wrong_before

    def _fails(self, outcome: Outcome) -> bool:
        """It ended in an exception that matters for this stage."""
        return outcome.failure is not None and not (self.forward_first and outcome.failure.is_backward)

    def _broken(self, before: Outcome, after: Outcome) -> bool:
        """Something that was right is wrong now; what rests on the outputs does not count while they are wrong."""
        newly = {cell for cell in after.wrong() - before.wrong() if not cell.endswith(" again")}
        if self.forward_first:
            newly = {cell for cell in newly if not cell.startswith("d")}
        return bool(newly)

    def _judge(self, cost: float, suspect: Suspect, edit: Edit, outcomes: list[Outcome]) -> Hit | None:
        left: set[str] = set()
        mended: set[str] = set()
        told: set[str] = set()
        cases = []
        for i, (before, after) in enumerate(zip(self.before, outcomes)):
            wrong_before, wrong_after = before.wrong(), after.wrong()
            stage_before, stage_after = wrong_before & self.cells, wrong_after & self.cells
            if not before.failure and (
                after.failure or after.missing or after.unfinished or self._broken(before, after)
            ):
                return None
            if stage_before - stage_after:
                cases.append(i)
            told |= {cell for cell in stage_before - stage_after if _tells(before.cells[cell].want)}
            left |= stage_after
            mended |= stage_before - stage_after
        failing = sum(bool(before.wrong() & self.cells) for before in self.before)
        by_chance = edit.kind in ("constant_factor", "missing_factor") or 2 * len(cases) < failing
        if not mended - left and (by_chance or self._splits_a_mode(cases, outcomes)):
            return None  # sizes that happen to agree in one configuration make a wrong edit look right there
        if not told:
            return None  # whatever makes a gradient vanish makes one right that is zero
        clean = not any(outcome.wrong() or (outcome.failure and not outcome.refused) for outcome in outcomes)
        return (
            Hit(suspect, edit, cost, frozenset(mended - left), tuple(cases), not left, clean, outcomes)
            if mended
            else None
        )

    def _splits_a_mode(self, mended: list[int], outcomes: list[Outcome]) -> bool:
        """Whether an edit mends training, or testing, in some configurations and leaves it wrong in others: where there
        are two faults, one mode may wait for the other, but a line that is right is right in all of its own."""
        modes = {outcomes[i].case.settings.get("mode") for i in mended} - {None}
        return any(its.case.settings.get("mode") in modes and its.wrong() & self.cells for its in outcomes)


def _where_it_came_from(hits: list[Hit]) -> Hit:
    """The best repair; of a sign, the one of the line before that the wrong sign came from, if that says no more."""
    best = hits[0]
    for hit in hits[1:] if best.edit.kind == "sign" else ():
        one, other = hit.suspect.statement, best.suspect.statement
        is_before = one.function == other.function and one.index < other.index
        is_read = bool({*one.targets} & reads(other.node))
        if hit.edit.kind == "sign" and hit.worth == best.worth and is_before and is_read:
            best = hit if hit.edit.added <= best.edit.added else best
    return best


def _tells(want: Any) -> bool:
    """A right value that not every slip arrives at: it is not zero everywhere."""
    return want is None or bool(np.any(want))
