"""The verdict on one pair of functions."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs import binding, recognition, unknown
from backpropviz.diagnose.pairs.binding import CannotCall, TakesTooLong
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs import gaps
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.forms import Forms, gave_output, goes_on
from backpropviz.diagnose.runs.matching import ratio
from backpropviz.diagnose.runs.outcomes import ROUNDING, Outcome, all_right, difference
from backpropviz.diagnose.runs.scene import recorded
from backpropviz.diagnose.runs.siblings import Siblings
from backpropviz.diagnose.runs.weighing import Weighed, weigh
from backpropviz.diagnose.search import culprit
from backpropviz.diagnose.search.idle import idle, terms_left_out
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Recorder
from backpropviz.diagnose.telling import kinds, notes
from backpropviz.diagnose.telling.closed_forms import closed_forms
from backpropviz.diagnose.trail import Trail
from backpropviz.diagnose.verdict import (
    FAULT,
    LATE,
    REFUSED,
    RIGHT,
    UNFINISHED,
    UNKNOWN,
    WRONG,
    Finding,
    FunctionReport,
    ShorterForm,
)
from backpropviz.errors import BackpropvizError


class Investigation:
    """One pair of functions, from the first run to the report."""

    def __init__(self, program: Program, pair: Pair, siblings: Siblings | None = None, explains: bool = False):
        self.program, self.pair, self.explains = program, pair, explains
        self.siblings = siblings or Siblings()
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.shorter: tuple[ShorterForm, ...] = ()
        self._is_scaled = False
        self._first: tuple[Examination, list[Outcome]] | None = None
        self.cases: list[Case] = []

    def another(self, seed: int) -> tuple[Case, Reference] | None:
        """One more configuration of the pair, once it was run."""
        return self._first[0].another(seed) if self._first is not None else None

    def examine(self) -> None:
        """Run it on everything, and remember whether it is right."""
        with contextlib.suppress(CannotCall):
            self._first = self._best_form()
            examination, outcomes = self._first
            self.siblings.examined.append((Examination(self.program, self.pair, list(examination.cases)), outcomes))
            judged_by_ours = not self.pair.layer.is_own or unknown.shipped(self.program, self.pair) is not None
            if any(outcome.cells for outcome in outcomes) and all_right(outcomes):
                (self.siblings.right if judged_by_ours else self.siblings.consistent).append(examination)

    # ---- the verdict -------------------------------------------------------------------------------------------------

    def report(self) -> FunctionReport:
        """Say what is right and what is not."""
        pair = self.pair
        line = self.program.definitions[pair.name].lineno
        try:
            self._first = self._first or self._best_form()
            examination, outcomes = self._first
        except TakesTooLong as error:
            return replace(not_examined(self.program, pair, str(error)), status=LATE)
        except CannotCall as error:
            return self._otherwise(str(error))
        refusal = self._not_judged(examination, outcomes)
        if refusal is not None:
            return refusal
        self.cases = [case for case, _ in examination.cases]
        weighed = weigh(self.program, pair, examination, outcomes)
        self.notes += weighed.notes
        judged, refused = weighed.judged, weighed.refused_words
        if not judged:
            reason = "it refuses every configuration it was asked to run"
            return FunctionReport(
                pair.name, pair.layer.name, line, REFUSED, (), tuple(self.notes), 0.0, weighed.words, (), reason,
                refused=refused, own=pair.layer.is_own,
            )  # fmt: skip
        if weighed.is_unfinished:
            self._unfinished(examination, judged)
        elif weighed.failed_words:
            self._is_scaled = any(map(_is_scaled, judged))
            known = self._of_its_layers(examination, judged)
            self.findings += known or self._trail().follow(examination, judged)
            self.findings = self.findings or [self._without_a_line(weighed)]
            self.siblings.found += self.findings
        elif (layers := idle(self.program, examination)) is not None:
            reason = f"it is run without layers, so that line {layers.line} never runs: there is nothing to look at"
            return not_examined(self.program, pair, reason)
        else:
            self._look_closer(examination, judged)
        its = self.program.student.wrapped.get(pair.forward)
        unseen = tuple(f"d{name}" for name in its.unseen) if its is not None else ()
        wrong = any(finding.kind != "not_finished" for finding in self.findings)
        status = WRONG if wrong else UNFINISHED if weighed.is_unfinished else REFUSED if weighed.refuses else RIGHT
        ran = len(weighed.words)
        return FunctionReport(
            pair.name, pair.layer.name, line, status, tuple(self.findings), tuple(dict.fromkeys(self.notes)),
            weighed.score(len(unseen)), weighed.words, weighed.failed_words,
            f"it refuses {len(refused)} of {ran} configurations" if status == REFUSED else "",
            looked_at=weighed.looked_at, not_looked_at=unseen, refused=refused,
            own=pair.layer.is_own, closed_forms=self.shorter if status == RIGHT else (),
        )  # fmt: skip

    def _trail(self) -> Trail:
        return Trail(self.program, self.pair, self.siblings, self.explains)

    def _without_a_line(self, weighed: Weighed) -> Finding:
        """What is said of a pair that is wrong where no line of it could be named."""
        failed = weighed.failed_words
        evidence = f"the results are not right in {len(failed)} of {len(weighed.judged)} configurations"
        definition = self.program.definitions[self.pair.name]
        return Finding(
            self.program.student.path.name, definition.lineno, self.pair.name, "", "wrong_function", evidence,
            kinds.WORDS["wrong_function"], configurations=failed,
        )  # fmt: skip

    def _not_judged(self, examination: Examination, outcomes: list[Outcome]) -> FunctionReport | None:
        """The report on a pair that cannot be held against its layer: it needs what is not here, or means another."""
        missing = next((outcome.missing for outcome in outcomes if outcome.missing), "")
        if missing:
            reason = f"it needs {missing}, which comes from a module that is not here"
            return not_examined(self.program, self.pair, reason)
        sure = binding.is_sure(self.program.function(self.pair.forward), self.pair.layer)
        ran = [outcome for outcome in outcomes if not outcome.refused]
        if ran and not sure and not any(gave_output(self.pair, outcome) for outcome in ran):
            return self._otherwise(
                "it seems to follow another convention (the order of axes, or what its parameters mean)"
            )
        return None

    def _unfinished(self, examination: Examination, judged: list[Outcome]) -> None:
        """A wrong forward pass first, whatever is left to be written behind it; then where the gaps are."""
        pair = self.pair
        done = [i for i, o in enumerate(judged) if o.unfinished != pair.forward or _has_loss(o)]
        cases = [(replace(case, forward_only=True), right) for case, right in (examination.cases[i] for i in done)]
        ahead = Examination(self.program, pair, cases, answer=examination.answer)
        outcomes = ahead.run_all()
        if any(outcome.wrong() for outcome in outcomes) and not any(outcome.unfinished for outcome in outcomes):
            self.findings += self._trail().follow(ahead, outcomes)
        first = next(outcome for outcome in judged if outcome.unfinished)
        self.findings.append(gaps.unfinished(self.program, first.unfinished, first))
        if pair.backward and first.unfinished == pair.forward and gaps.gap(self.program, pair.backward):
            self.findings.append(gaps.unfinished(self.program, pair.backward))

    def _of_its_layers(self, examination: Examination, outcomes: list[Outcome]) -> list[Finding]:
        """Of a network, what was found in the layers that it calls: it cannot be right before they are."""
        if self.pair.forward not in self.program.student.wrapped:
            return []
        called = self.program.called_by(self.pair.forward) | self.program.called_by(self.pair.name)
        found = [its for its in self.siblings.found if its.function in called and its.kind != "not_finished"]
        wrong = next((i for i, outcome in enumerate(outcomes) if outcome.wrong()), None)
        if not found or wrong is None:
            return []
        ran = {function for function, _, _ in recorded(examination, *examination.cases[wrong]).record.visits}
        return [its for its in found if its.function in ran]

    def _look_closer(self, examination: Examination, outcomes: list[Outcome]) -> None:
        """What there is to say of a pair that is right."""
        self._look_for_rounding(examination, outcomes)
        self.notes += notes.conventions(self.program, self.pair)
        if left := [str(its.line) for its in terms_left_out(self.program, examination)]:
            lines = f"line{'s' * (len(left) > 1)} {', '.join(left)}"
            self.notes.append(f"not looked at: what {lines} would add, on a condition that was never true")
        with contextlib.suppress(BackpropvizError):  # what cannot be recorded or listed is not counted
            self.shorter = closed_forms(self.program, self.pair, examination)
        if self.pair.layer.centered and examination.cases:
            scene = recorded(examination, *examination.cases[0])
            scene.suspects = culprit.judged(examination, scene)
            self.notes += notes.zero_sums(self.program, self.pair, scene)

    def _otherwise(self, reason: str) -> FunctionReport:
        """Where the course's conventions do not fit, the pair is held against its own forward pass."""
        pair = self.pair
        if not pair.layer.is_own:
            self.pair, self._first = (
                recognition.own(f"{pair.layer.name}, as written", pair.forward, pair.backward),
                None,
            )
            report = self.report()
            its = self.program.student.wrapped.get(self.pair.forward)
            is_read = its is not None and bool(its.convention)  # what the parameters' gradients are means of is known
            if report.status != UNKNOWN and (is_read or not self._is_scaled):
                return replace(report, notes=(f"as {pair.layer.name}, {reason}", *report.notes))
        return not_examined(self.program, pair, reason)

    def _best_form(self) -> tuple[Examination, list[Outcome]]:
        """The configurations in the form that was meant, and what came out of them.

        Raises:
            CannotCall: it is not known how it is called.
        """
        form = Forms(self.program, self.pair).best()
        if not self.pair.layer.is_own and goes_on(self.program, self.pair, form.outcomes):
            name = f"{self.pair.layer.name}, as written"
            with contextlib.suppress(CannotCall):
                own = Forms(self.program, recognition.own(name, self.pair.forward, self.pair.backward)).best()
                said = f"it goes on where {self.pair.layer.name} ends, with a function of every entry"
                form = replace(own, notes=(said, *own.notes))
        self.pair = form.examination.pair
        self.notes += form.notes
        return form.examination, form.outcomes

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
                if self.pair.layer.is_own:  # nobody says that it is to be in double
                    self.notes.append(
                        f"{name} of {function} is in single precision: results are off by {max(gaps):.1g}"
                    )
                    return
                statement = self.program.statements(function)[index]
                self.findings.append(Finding(
                    self.program.student.path.name, statement.line, function, statement.text, "precision",
                    f"{name} is in single precision: results are off by {max(gaps):.1g} of their largest entry",
                    kinds.WORDS["precision"], "the same in float64, NumPy's default", False,
                ))  # fmt: skip
                return


def _has_loss(outcome: Outcome) -> bool:
    """Of a loss and its gradient, the loss was computed."""
    return "loss" in outcome.cells and outcome.cells["loss"].got is not None


def not_examined(program: Program, pair: Pair, reason: str) -> FunctionReport:
    """The report on a pair that nothing can be said about."""
    line = program.definitions[pair.name].lineno
    return FunctionReport(pair.name, pair.layer.name, line, UNKNOWN, reason=reason, score=0.0)


def fault(program: Program, pair: Pair, error: Exception) -> FunctionReport:
    """The report on a pair at which something of ours failed."""
    report = not_examined(program, pair, f"{type(error).__name__}: {error}")
    return replace(report, status=FAULT)


def _is_scaled(outcome: Outcome) -> bool:
    """What parameters get, or else the input, is a multiple of the right gradient: another convention of what a loss is
    the mean of, perhaps. That concerns them all: where one is right, a multiple of another is a slip."""
    gradients = [cell for name, cell in outcome.cells.items() if name.startswith("d") and " " not in name]
    cells = gradients[1:] or gradients
    quotients = [ratio(cell.got, cell.want) for cell in cells if isinstance(cell.got, np.ndarray) and not cell.ok]
    alike = [q is not None and np.ptp(q) <= 1e-6 * np.max(np.abs(q)) for q in quotients]
    return len(alike) == len(cells) and any(alike)
