"""From one wrong line to the next: find it, repair it where that can be proved, and go on with what is still wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from backpropviz.course.record import Case
from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.focus import RUNNING, telling_most
from backpropviz.diagnose.runs.outcomes import Failure, Outcome, all_right
from backpropviz.diagnose.runs.scene import Scene, Suspect, recorded
from backpropviz.diagnose.runs.siblings import Repaired, Siblings
from backpropviz.diagnose.search import as_forward, culprit, rewrite
from backpropviz.diagnose.search.first_rounds import first_round_edits, read_by_rows
from backpropviz.diagnose.search.hits import Hit, taken_back
from backpropviz.diagnose.search.joined import with_parts
from backpropviz.diagnose.search.local_repairs import local_repairs
from backpropviz.diagnose.search.repair import Search
from backpropviz.diagnose.search.sizes import Sizes
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import Budget
from backpropviz.diagnose.telling.explaining import Explaining
from backpropviz.diagnose.telling.findings import Wording
from backpropviz.diagnose.verdict import Finding

MOST_FINDINGS = 4
PAIR, FINDING, LEAST, LOCAL, SIZES = 2_400_000, 1_500_000, 100_000, 350_000, 60_000  # rounds of work
TRUSTED = 2.0  # how much less suspicious a line is in what a right pair rests on


class Trail:
    """The findings of one pair. What it repairs it adds to `siblings`; what others added there is not blamed on it."""

    def __init__(self, program: Program, pair: Pair, siblings: Siblings, explains: bool = False):
        self.program, self.pair, self.siblings, self.explains = program, pair, siblings, explains
        self.budget = Budget.of(PAIR)
        self.findings: list[Finding] = []
        self.partly: dict[int, tuple[str, ...]] = {}

    def follow(self, examination: Examination, outcomes: list[Outcome]) -> list[Finding]:
        """Find a wrong line, repair it if that can be proved, and go on with what is still wrong."""
        original = self.program.definitions.copy()
        try:
            outcomes = self._with_repairs(examination, outcomes)
            while len(self.findings) < MOST_FINDINGS and (not self.findings or not self.budget.spent):
                stage, cells = self._stage(outcomes)
                if not cells:
                    break
                known, before = len(self.findings), self.program.definitions.copy()
                goes_on = self._step(examination, outcomes, stage, cells)
                if self.explains:
                    explaining = Explaining(examination, before, self.program.definitions.copy())
                    self.findings[known:] = map(explaining.explained, self.findings[known:])
                if not goes_on:
                    break
                outcomes = examination.run_all()
            self._in_order(examination)
            if all_right(outcomes):
                self._keep_repairs(original)
        finally:
            self.program.restore(original)
        return self.findings

    def _in_order(self, examination: Examination) -> None:
        """The proved findings in the order in which their lines first run; the inferred ones stay behind them."""
        proved = [finding for finding in self.findings if finding.proved]
        if len(proved) < 2:
            return
        visits = recorded(examination, *examination.cases[0]).record.visits
        began: dict[tuple[str, int], int] = {}
        for (function, index, _), visit in visits.items():
            if index >= 0:
                where = function, self.program.statements(function)[index].line
                began[where] = min(began.get(where, visit.began), visit.began)
        proved.sort(key=lambda finding: began.get((finding.function, finding.line), len(visits)))
        self.findings = proved + [finding for finding in self.findings if not finding.proved]

    def _with_repairs(self, examination: Examination, outcomes: list[Outcome]) -> list[Outcome]:
        """What comes out once the functions that this pair calls are repaired; their findings are findings here."""
        called = self.program.called_by(self.pair.forward) | self.program.called_by(self.pair.name)
        used = {name: its for name, its in self.siblings.repaired.items() if name in called}
        if not used:
            return outcomes
        for its in used.values():
            self.program.accept(its.definition)
        after = examination.run_all()
        if sum(len(o.wrong()) for o in after) <= sum(len(o.wrong()) for o in outcomes):
            self.findings += list(dict.fromkeys(finding for its in used.values() for finding in its.findings))
            return after
        self.program.restore({name: self.program.student.functions[name] for name in used})
        return outcomes

    def _keep_repairs(self, original: Mapping[str, ast.FunctionDef]) -> None:
        for name in {self.pair.forward, self.pair.name}:
            definition = self.program.definitions[name]
            found = tuple(finding for finding in self.findings if finding.proved and finding.function == name)
            if definition is not original[name] and found:
                self.siblings.repaired[name] = Repaired(definition, found)

    def _stage(self, outcomes: list[Outcome]) -> tuple[str, set[str]]:
        """What to explain next: wrong outputs before wrong gradients, values before changed arrays."""
        wrong = {name for outcome in outcomes if not outcome.refused for name in outcome.wrong()}
        forward = {*self.pair.layer.outputs} | RUNNING
        failed = [outcome.failure for outcome in outcomes if outcome.failure and not outcome.refused]
        if self.pair.layer.is_loss:
            order = [("forward", {"loss"}), ("forward", {"dx"}), ("forward", wrong)]
        else:
            gradients = {f"d{name}" for name in self.pair.layer.wants}
            inputs = {f"{name} unchanged" for name in self.pair.layer.inputs}
            order = [("forward", forward), ("backward", gradients), ("forward", inputs), ("backward", wrong)]
        if failed and all(failure.is_backward for failure in failed) and not wrong & forward:
            return "backward", wrong & {f"d{name}" for name in self.pair.layer.wants}
        for stage, names in order:
            if wrong & names:
                return stage, wrong & names
        return "", set()

    def _step(self, examination: Examination, outcomes: list[Outcome], stage: str, cells: set[str]) -> bool:
        """Add the next finding: proved by one edit, or two, or inferred. True if it was repaired and there may be
        more.
        """
        wording = Wording(examination)
        budget = Budget.of(max(min(self.budget.left, FINDING), LEAST))
        sizes, edit = Sizes(examination, outcomes, cells, stage, budget.part(SIZES)).found()
        if edit is not None and self._accepted(examination, edit, cells):
            self.findings += wording.sizes(sizes, edit, outcomes)
            return True
        if stage == "backward" and self._in_first_rounds(examination, outcomes, cells, budget):
            return True
        scene, suspects = self._look(examination, outcomes, cells, stage, budget)
        hits = self._search(examination, scene, suspects, outcomes, cells, budget)
        if hits and (scene.outcome.failure is None or hits[0].complete):
            self.findings.append(wording.proved(scene, hits, outcomes, cells))
            if not hits[0].complete:
                self.partly[len(self.findings) - 1] = hits[0].suspect.statement.targets
            self.program.accept_edit(hits[0].edit)
            return True
        for hit in hits[:3]:  # an exception is easily edited away: what is behind it has to come out right, too
            first = wording.proved(scene, [hit, *hits], outcomes, cells)
            if self._completed(examination, first, hit.edit, stage, cells):
                return True
        shown = [o.case for o in outcomes if o.wrong() & cells or (o.failure and not o.refused)]
        if stage == "backward":
            for suspect, edit in rewrite.missing_terms(self.program, scene, self.pair.name):
                if self._accepted(examination, edit, cells):
                    self.findings.append(wording.missing(suspect, edit, shown, len(outcomes)))
                    return True
            both = as_forward.edits(self.program, scene, self.pair.forward, self.pair.name)
            if self._mended(examination, scene, outcomes, cells, both, Budget.of(LEAST)):
                return True
        focus = next(o for o in outcomes if o.case is scene.case)
        found, rewritten = wording.inferred(scene, suspects, focus, cells, shown, len(outcomes))
        if found is not None and rewritten is not None and self._accepted(examination, rewritten, cells):
            self.findings.append(replace(found, proved=True))
            return True
        if self._two_faults(examination, scene, stage, cells, shown):
            return True
        focus.failure = self._blamed(focus.failure)
        found, _ = wording.inferred(scene, suspects, focus, cells, shown, len(outcomes))
        if found is not None:
            self.findings = [*taken_back(self.findings, self.partly, found, self.program), found]
        return False

    def _in_first_rounds(
        self, examination: Examination, outcomes: list[Outcome], cells: set[str], budget: Budget
    ) -> bool:  # fmt: skip
        """Add the finding on a line of a loop that the first round tells, and mend it; False where none does."""
        scene = self._scene(examination, outcomes, cells, "backward")
        scene.suspects = culprit.judged(examination, scene)
        if scene.outcome.failure is not None:
            return False
        read = read_by_rows(self.program.definitions[name] for name in {self.pair.forward, self.pair.name})
        edits = ((its, e) for its in scene.suspects for e in first_round_edits(scene, its, read, self.program))
        return self._mended(examination, scene, outcomes, cells, edits, budget.part(LOCAL))

    def _mended(
        self,
        examination: Examination,
        scene: Scene,
        outcomes: list[Outcome],
        cells: set[str],
        edits: Iterable[tuple[Suspect, Edit]],
        budget: Budget,
    ) -> bool:
        """Make the first of some edits that mends everything, and add what it finds; False where none does."""
        hits = Search(examination, scene, outcomes, cells, budget, self._breaks_others).first_of(edits)
        if hits:
            self.findings += Wording(examination).of_each_line(scene, hits, outcomes, cells)
            self.program.accept_edit(hits[0].edit)
        return bool(hits)

    def _trusted(self) -> set[str]:
        """What right pairs rest on, but for this pair's own functions."""
        return self.siblings.trusted(self.program, self.pair) - {self.pair.forward, self.pair.name}

    def _blamed(self, failure: Failure | None) -> Failure | None:
        """An exception in what a right pair rests on is blamed on the line that called it."""
        trusted = self._trusted()
        if failure is None or failure.function not in trusted:
            return failure
        calls = [call for call in failure.calls if call[0] not in trusted and call[0] in self.program.definitions]
        return replace(failure, function=calls[-1][0], line=calls[-1][1]) if calls else failure

    def _accepted(self, examination: Examination, edit: Edit, cells: set[str]) -> bool:
        """Make an edit part of the program if these cells come out right everywhere then."""
        before = self.program.definitions.copy()
        self.program.accept_edit(edit)
        after = [*examination.run_all(), *examination.run_fresh()]
        forward_only = not any(cell.startswith("d") for cell in cells)
        fails = [
            o.failure for o in after if o.failure and not o.refused and not (forward_only and o.failure.is_backward)
        ]
        if fails or any(outcome.wrong() & cells for outcome in after):
            self.program.restore(before)
            return False
        return True

    def _search(
        self, examination: Examination, scene: Scene, suspects: list[Suspect], outcomes: list[Outcome],
        cells: set[str], budget: Budget,
    ) -> list[Hit]:  # fmt: skip
        return Search(examination, scene, outcomes, cells, budget, self._breaks_others).run(suspects)

    def _breaks_others(self, function: str) -> bool:
        return self.siblings.broken_by_now(self.program, function, self.pair)

    def _two_faults(
        self, examination: Examination, scene: Scene, stage: str, cells: set[str], shown: list[Case]
    ) -> bool:  # fmt: skip
        """Two edits that together make everything right: the first gives its line a right value, the second the
        result.
        """
        budget = Budget.of(LOCAL)
        for suspect, edit, entry in local_repairs(examination, scene, budget):
            if budget.spent:
                break
            first = Wording(examination).local(scene, suspect, edit, entry, shown)
            if self._completed(examination, first, edit, stage, cells):
                return True
        return False

    def _completed(self, examination: Examination, first: Finding, edit: Edit, stage: str, cells: set[str]) -> bool:
        """Whether one more edit makes everything right once this one is made: both are findings then."""
        original = self.program.definitions.copy()
        self.program.accept_edit(edit)
        outcomes = examination.run_all()
        budget = self.budget.part(LOCAL)
        if any(outcome.wrong() & cells for outcome in outcomes):
            following, suspects = self._look(examination, outcomes, cells, stage, budget)
            hits = self._search(examination, following, suspects, outcomes, cells, budget)
            if hits and hits[0].complete:
                second = Wording(examination).proved(following, hits, outcomes, cells)
                is_one = (first.function, first.line) == (second.function, second.line)
                told = [replace(first, expected=second.expected)] if is_one else [replace(first, together=True), second]
                self.findings += told
                self.program.accept_edit(hits[0].edit)
                return True
        self.program.restore(original)
        return False

    def _look(
        self, examination: Examination, outcomes: list[Outcome], cells: set[str], stage: str, budget: Budget
    ) -> tuple[Scene, list[Suspect]]:
        """Record the case that shows most, and rank the statements."""
        scene = self._scene(examination, outcomes, cells, stage)
        half = budget.part(budget.left // 2)
        shown = outcomes[telling_most(outcomes, cells)].wrong() & cells
        suspects = culprit.find_suspects(examination, scene, shown, stage, half)
        trusted = self._trusted()
        for suspect in suspects:
            if suspect.statement.function in trusted:
                suspect.penalty += TRUSTED
        return scene, sorted(suspects, key=lambda suspect: suspect.penalty)

    def _scene(self, examination: Examination, outcomes: list[Outcome], cells: set[str], stage: str) -> Scene:
        """The case that shows most, recorded."""
        scene = recorded(examination, *examination.cases[telling_most(outcomes, cells)])
        scene.outcome.failure = self._blamed(scene.outcome.failure)
        if stage == "backward":
            returns = examination.program.student.wrapped.get(self.pair.name)
            name = returns.backward if returns is not None else self.pair.name
            if name in examination.program.definitions:
                scene.right = with_parts(scene, examination.program.statements(name))
        return scene
