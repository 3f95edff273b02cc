"""From "something comes out wrong" to findings: one pair of functions at a time."""

from __future__ import annotations

import ast
import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from backpropviz.diagnose import binding, culprit, kinds, layers, notes, own, rewrite
from backpropviz.diagnose.binding import CannotCall, NotApplicable
from backpropviz.diagnose.cases import Case
from backpropviz.diagnose.culprit import Scene, Suspect
from backpropviz.diagnose.edits import Edit
from backpropviz.diagnose.examine import ROUNDING, Examination, Outcome, difference
from backpropviz.diagnose.findings import Wording
from backpropviz.diagnose.layers import Pair
from backpropviz.diagnose.loading import Student, Unreadable, read_text
from backpropviz.diagnose.matching import ratio
from backpropviz.diagnose.program import Program
from backpropviz.diagnose.recorder import Recorder
from backpropviz.diagnose.reference import Reference, reference
from backpropviz.diagnose.repair import Hit, Search, local_repairs
from backpropviz.diagnose.verdict import REFUSED, RIGHT, UNFINISHED, UNKNOWN, WRONG, Finding, FunctionReport

MOST_FINDINGS = 4
PAIR_SECONDS = 15.0
FINDING_SECONDS = 8.0
LOCAL_SECONDS = 3.0
_references: dict[tuple[str, int], list[tuple[Case, Reference]]] = {}


@dataclass(frozen=True)
class Repaired:
    """A function with its proved repairs in place, and what was found in it: other functions may call it."""

    definition: ast.FunctionDef
    findings: tuple[Finding, ...]


@dataclass
class Siblings:
    """What the pairs of a file know of one another.

    Attributes:
        repaired: functions with proved repairs: what calls them is not to blame.
        right: pairs that are right as they stand: a repair of a function that they call must leave them so.
    """

    repaired: dict[str, Repaired] = field(default_factory=dict)
    right: list[Examination] = field(default_factory=list)

    def broken_by_now(self, program: Program, function: str) -> bool:
        """Whether a pair that was right is wrong as the program stands now, among those that call this function."""
        for examination in self.right:
            pair = examination.pair
            uses = program.called_by(pair.forward) | program.called_by(pair.name) | {pair.forward, pair.name}
            if function in uses and not _all_right(examination.run_all()):
                return True
        return False


class Investigation:
    """One pair of functions, from the first run to the report."""

    def __init__(self, program: Program, pair: Pair, ends: float = float("inf"), siblings: Siblings | None = None):
        self.program, self.pair = program, pair
        self.siblings = siblings or Siblings()
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self._is_scaled = False
        self._first: tuple[Examination, list[Outcome]] | None = None
        self.ends, self.ended = ends, float("inf")

    def examine(self) -> None:
        """Run it on everything, and remember whether it is right."""
        with contextlib.suppress(CannotCall):
            self._first = self._best_form()
            examination, outcomes = self._first
            judged_by_ours = not self.pair.layer.is_own or own.shipped(self.program, self.pair) is not None
            if judged_by_ours and any(outcome.cells for outcome in outcomes) and _all_right(outcomes):
                self.siblings.right.append(examination)

    # ---- the verdict -------------------------------------------------------------------------------------------------

    def report(self) -> FunctionReport:
        """Say what is right and what is not."""
        pair = self.pair
        self.ended = min(self.ends, time.perf_counter() + PAIR_SECONDS)
        line = self.program.definitions[pair.name].lineno
        try:
            examination, outcomes = self._first or self._best_form()
        except CannotCall as error:
            return self._otherwise(str(error))
        missing = next((outcome.missing for outcome in outcomes if outcome.missing), "")
        if missing:
            return not_examined(self.program, pair, f"it needs {missing}, which comes from a module that is not here")
        if not self.program.mentions(pair.forward, {"mode", "test", "train"}):
            # written for training alone, as the plain variants are: no finding, and what else is wrong comes to light
            kept = [i for i, outcome in enumerate(outcomes) if outcome.case.settings.get("mode") != "test"]
            if len(kept) < len(outcomes):
                self.notes.append("it has no test mode: only training was looked at")
            examination.cases, outcomes = [examination.cases[i] for i in kept], [outcomes[i] for i in kept]
        judged = [outcome for outcome in outcomes if not outcome.refused]
        words = tuple(outcome.case.words for outcome in outcomes)
        for outcome in outcomes:
            if outcome.refused and outcome.failure is not None and not outcome.case.optional:
                self.notes.append(f"line {outcome.failure.line} refuses the configuration: {outcome.case.words}")
        if not judged:
            reason = "it refuses every configuration it was asked to run"
            return FunctionReport(
                pair.name, pair.layer.name, line, REFUSED, (), tuple(self.notes), 0.0, words, (), reason
            )
        sure = binding.is_sure(self.program.function(pair.forward), pair.layer)
        if not sure and not any(self._gave_output(outcome) for outcome in judged):
            return self._otherwise(
                "it seems to follow another convention (the order of axes, or what its parameters mean)"
            )
        unusual = [o for o in judged if o.case.convention and (o.wrong() or o.failure)]
        if unusual and not any(o.wrong() or o.failure for o in judged if not o.case.convention):
            self.notes += [o.case.convention for o in unusual]
        judged = [o for o in judged if o not in unusual]
        if any(cell.trouble == "unbiased" for o in judged for cell in o.cells.values()):
            self.notes.append("the running variance is divided by N - 1, as PyTorch does: a convention")
        cells = [cell.ok for outcome in judged for name, cell in outcome.cells.items()]
        score = sum(cells) / len(cells) if cells else 0.0
        failed = tuple(
            outcome.case.words for outcome in judged if outcome.wrong() or outcome.failure or outcome.unfinished
        )
        unfinished = next((outcome.unfinished for outcome in judged if outcome.unfinished), "")
        if unfinished:
            self.findings.append(self._unfinished(unfinished))
        elif failed:
            self._is_scaled = any(map(_is_scaled, judged))
            kept = [i for i, outcome in enumerate(outcomes) if outcome in judged]
            examination.cases = [examination.cases[i] for i in kept]
            self._follow(examination, [outcomes[i] for i in kept])
        else:
            self._look_for_rounding(examination, outcomes)
            self.notes += notes.conventions(self.program, self.pair)
            if "norm" in self.pair.layer.name and examination.cases:
                scene = culprit.recorded(examination, *examination.cases[0])
                scene.suspects = culprit.judged(examination, scene)
                self.notes += notes.zero_sums(self.program, self.pair, scene)
        status = UNFINISHED if unfinished else WRONG if self.findings else RIGHT
        return FunctionReport(
            pair.name, pair.layer.name, line, status, tuple(self.findings), tuple(dict.fromkeys(self.notes)), score,
            words, failed,
        )  # fmt: skip

    def _otherwise(self, reason: str) -> FunctionReport:
        """Where the course's conventions do not fit, the pair is held against its own forward pass."""
        pair = self.pair
        if not pair.layer.is_own:
            self.pair, self._first = layers.own(pair.layer.name, pair.forward, pair.backward), None
            report = self.report()
            if report.status != UNKNOWN and not self._is_scaled:
                return replace(report, notes=(f"as {pair.layer.name}, {reason}", *report.notes))
        return not_examined(self.program, pair, reason)

    def _forms(self) -> Iterator[list[tuple[Case, Reference]]]:
        """The layer's sets of configurations, each with what is right."""
        if self.pair.layer.is_own:
            self.pair, cases = own.understood(self.program, self.pair)
            if own.shipped(self.program, self.pair) is None:
                self.notes.append(own.NOTE.format(self.pair.layer.name))
            yield cases
            return
        for number, form in enumerate(self.pair.layer.forms):
            key = (self.pair.layer.name, number)
            if key not in _references:
                _references[key] = [(case, reference(self.pair.layer, case)) for case in form()]
            yield _references[key]

    def _best_form(self) -> tuple[Examination, list[Outcome]]:
        """The configurations in the form that was meant: the first, unless another one gives more right outputs."""
        tried: list[tuple[Examination, list[Outcome]]] = []
        for cases in self._forms():
            examination = Examination(self.program, self.pair, cases)
            outcomes, applicable = [], []
            for case, right in examination.cases:
                with contextlib.suppress(NotApplicable):
                    outcomes.append(examination.run(case, right))
                    applicable.append((case, right))
            examination.cases = applicable
            tried.append((examination, outcomes))
            if _all_right(outcomes):
                return tried[-1]
        return max(tried, key=lambda form: sum(map(self._gave_output, form[1])))

    def _gave_output(self, outcome: Outcome) -> bool:
        """The forward pass came out right."""
        return all(name in outcome.cells and outcome.cells[name].ok for name in self.pair.layer.outputs)

    def _unfinished(self, function: str) -> Finding:
        """Where the gap is: the statement that raises, passes or assigns None."""
        found = self.program.statements(function)
        gap = next((s for s in found if isinstance(s.node, ast.Pass | ast.Raise) or _assigns_none(s.node)), found[-1])
        return Finding(
            self.program.student.path.name, gap.line, function, gap.text, "not_finished",
            "there is no result yet", kinds.WORDS["not_finished"], "", True,
        )  # fmt: skip

    # ---- from one finding to the next --------------------------------------------------------------------------------

    def _follow(self, examination: Examination, outcomes: list[Outcome]) -> None:
        """Find a wrong line, repair it if that can be proved, and go on with what is still wrong."""
        original = self.program.definitions.copy()
        try:
            outcomes = self._with_repairs(examination, outcomes)
            while len(self.findings) < MOST_FINDINGS and (not self.findings or time.perf_counter() < self.ended):
                stage, cells = self._stage(outcomes)
                if not cells:
                    break
                if not self._step(examination, outcomes, stage, cells):
                    break
                outcomes = examination.run_all()
            self._in_order(examination)
            if _all_right(outcomes):
                self._keep_repairs(original)
        finally:
            self.program.restore(original)

    def _in_order(self, examination: Examination) -> None:
        """The proved findings in the order in which their lines first run; the inferred ones stay behind them."""
        proved = [finding for finding in self.findings if finding.proved]
        if len(proved) < 2:
            return
        visits = culprit.recorded(examination, *examination.cases[0]).record.visits
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
        for name in used:
            self.program.restore({name: self.program.student.functions[name]})
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
        forward = {*self.pair.layer.outputs, "running_mean", "running_var"}
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
        deadline = max(min(self.ended, time.perf_counter() + FINDING_SECONDS), time.perf_counter() + 0.5)
        scene, suspects = self._look(examination, outcomes, cells, stage, deadline)
        hits = self._search(examination, scene, suspects, outcomes, cells, deadline)
        if hits and (scene.outcome.failure is None or hits[0].complete):
            self.findings.append(wording.proved(scene, hits, outcomes, cells))
            self.program.accept_edit(hits[0].edit)
            return True
        for hit in hits[:3]:  # an exception is easily edited away: what is behind it has to come out right, too
            first = wording.proved(scene, [hit, *hits], outcomes, cells)
            if self._completed(examination, first, hit.edit, stage, cells):
                return True
        shown = [o.case for o in outcomes if o.wrong() & cells or (o.failure and not o.refused)]
        if self._two_faults(examination, scene, stage, cells, shown):
            return True
        focus = next(o for o in outcomes if o.case is scene.case)
        if stage == "backward":
            for suspect, edit in rewrite.missing_terms(self.program, scene, self.pair.name):
                if self._accepted(examination, edit, cells):
                    self.findings.append(wording.missing(suspect, edit, shown, len(outcomes)))
                    return True
        found, rewritten = wording.inferred(scene, suspects, focus, cells, shown, len(outcomes))
        if found is None:
            return False
        proved = rewritten is not None and self._accepted(examination, rewritten, cells)
        self.findings.append(replace(found, proved=proved))
        return proved

    def _accepted(self, examination: Examination, edit: Edit, cells: set[str]) -> bool:
        """Make an edit part of the program if these cells come out right everywhere then."""
        before = self.program.definitions.copy()
        self.program.accept_edit(edit)
        after = examination.run_all()
        if any(outcome.wrong() & cells or (outcome.failure and not outcome.refused) for outcome in after):
            self.program.restore(before)
            return False
        return True

    def _search(
        self,
        examination: Examination,
        scene: Scene,
        suspects: list[Suspect],
        outcomes: list[Outcome],
        cells: set[str],
        deadline: float,
    ) -> list[Hit]:
        def breaks_others(function: str) -> bool:
            return self.siblings.broken_by_now(self.program, function)

        return Search(examination, scene, outcomes, cells, deadline, breaks_others).run(suspects)

    def _two_faults(
        self, examination: Examination, scene: Scene, stage: str, cells: set[str], shown: list[Case]
    ) -> bool:  # fmt: skip
        """Two edits that together make everything right: the first gives its line a right value, the second the
        result.
        """
        deadline = time.perf_counter() + LOCAL_SECONDS
        for suspect, edit, entry in local_repairs(examination, scene, deadline):
            if time.perf_counter() > deadline + LOCAL_SECONDS:
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
        late = min(self.ended, time.perf_counter() + LOCAL_SECONDS)
        if any(outcome.wrong() & cells for outcome in outcomes):
            following, suspects = self._look(examination, outcomes, cells, stage, late)
            hits = self._search(examination, following, suspects, outcomes, cells, late)
            if hits and hits[0].complete:
                second = Wording(examination).proved(following, hits, outcomes, cells)
                self.findings += [replace(first, together=True), second]
                self.program.accept_edit(hits[0].edit)
                return True
        self.program.restore(original)
        return False

    def _look(
        self, examination: Examination, outcomes: list[Outcome], cells: set[str], stage: str, deadline: float
    ) -> tuple[Scene, list[Suspect]]:
        """Record the case that shows most, and rank the statements."""
        focus = self._focus(outcomes, cells)
        scene = culprit.recorded(examination, *examination.cases[focus])
        half = (deadline + time.perf_counter()) / 2
        return scene, culprit.find_suspects(examination, scene, outcomes[focus].wrong() & cells, stage, half)

    @staticmethod
    def _focus(outcomes: list[Outcome], cells: set[str]) -> int:
        """The case to look at: one where something is wrong without an exception, with as many different sizes as can
        be.
        """
        wrong = [i for i, o in enumerate(outcomes) if o.wrong() & cells and not o.refused]
        return min(wrong, key=lambda i: (outcomes[i].failure is not None, -_variety(outcomes[i].case), i))

    def _look_for_rounding(self, examination: Examination, outcomes: list[Outcome]) -> None:
        """Right to six digits but not to nine, with single precision somewhere: a loss of precision."""
        for (case, right), outcome in zip(examination.cases, outcomes):
            gaps = [difference(cell.got, cell.want) for name, cell in outcome.cells.items() if " " not in name
                    and cell.want is not None]  # fmt: skip
            if outcome.refused or not gaps or max(gaps) < ROUNDING:
                continue
            recorder = Recorder()
            with self.program.recorded(recorder):
                examination.run(case, right, recorder)
            small = [
                (visit.order, *key) for key, visit in recorder.record.visits.items()
                if getattr(visit.value, "dtype", None) in ("float32", "float16") and key[1] >= 0
            ]  # fmt: skip
            if small:
                _, function, index, name = min(small)
                statement = self.program.statements(function)[index]
                self.findings.append(Finding(
                    self.program.student.path.name, statement.line, function, statement.text, "precision",
                    f"{name} is in single precision: results are off by {max(gaps):.1g} of their largest entry",
                    kinds.WORDS["precision"], "the same in float64, NumPy's default", False,
                ))  # fmt: skip
                return


def not_examined(program: Program, pair: Pair, reason: str) -> FunctionReport:
    """The report on a pair that nothing can be said about."""
    line = program.definitions[pair.name].lineno
    return FunctionReport(pair.name, pair.layer.name, line, UNKNOWN, reason=reason, score=0.0)


def _all_right(outcomes: list[Outcome]) -> bool:
    return not any(o.wrong() or o.missing or o.unfinished or (o.failure and not o.refused) for o in outcomes)


def _is_scaled(outcome: Outcome) -> bool:
    """A gradient is a multiple of the right one: another convention of what a loss is the mean of, perhaps."""
    cells = [cell for name, cell in outcome.cells.items() if name.startswith("d") and " " not in name and not cell.ok]
    quotients = [ratio(cell.got, cell.want) for cell in cells if isinstance(cell.got, np.ndarray)]
    return any(q is not None and np.ptp(q) <= 1e-6 * np.max(np.abs(q)) for q in quotients)


def _variety(case: Case) -> int:
    """How many different lengths its axes and settings have: equal ones hide which is which."""
    numbers = [v for v in case.settings.values() if isinstance(v, int) and v > 1]
    lengths = [n for value in case.inputs.values() for n in value.shape]
    return len({*numbers, *lengths})


def _assigns_none(node: ast.stmt) -> bool:
    value = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.Return) else None
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return all(isinstance(part, ast.Constant) and part.value is None for part in parts)


def unreadable(path: Path, error: Unreadable) -> Finding:
    """The finding on a file that does not parse."""
    if error.python2:
        kind, expected = "python_2", "the text converted to Python 3, or --python2 to have it read as it is"
    else:
        kind, expected = "syntax", ""
    lines = read_text(path).splitlines()
    text = lines[error.line - 1].strip() if 0 < error.line <= len(lines) else ""
    return Finding(path.name, error.line, "", text, kind, str(error), kinds.WORDS[kind], expected, True)


def top_level(path: Path, student: Student) -> list[Finding]:
    """Findings on what stands outside of functions and fails."""
    lines = student.text.splitlines()
    return [
        Finding(
            path.name, line, "", lines[line - 1].strip(), "does_not_end" if "did not end" in what else "crash", what,
            kinds.WORDS["crash"], "",
        )
        for line, what in student.trouble
    ]  # fmt: skip
