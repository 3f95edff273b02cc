"""The verdict on one pair of functions."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose import culprit, gaps, kinds, notes
from backpropviz.diagnose.examine import Another, Examination
from backpropviz.diagnose.matching import ratio
from backpropviz.diagnose.outcomes import ROUNDING, Outcome, all_right, difference
from backpropviz.diagnose.pairs import binding, recognition, unknown
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable
from backpropviz.diagnose.pairs.otherwise import around, is_usual
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference, reference
from backpropviz.diagnose.scene import recorded
from backpropviz.diagnose.siblings import Siblings
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Recorder
from backpropviz.diagnose.trail import Trail
from backpropviz.diagnose.verdict import FAULT, REFUSED, RIGHT, UNFINISHED, UNKNOWN, WRONG, Finding, FunctionReport

_references: dict[tuple[str, int], list[tuple[Case, Reference]]] = {}


class Investigation:
    """One pair of functions, from the first run to the report."""

    def __init__(self, program: Program, pair: Pair, siblings: Siblings | None = None):
        self.program, self.pair = program, pair
        self.siblings = siblings or Siblings()
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self._is_scaled = False
        self._first: tuple[Examination, list[Outcome]] | None = None

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
            if judged_by_ours and any(outcome.cells for outcome in outcomes) and all_right(outcomes):
                self.siblings.right.append(examination)

    # ---- the verdict -------------------------------------------------------------------------------------------------

    def report(self) -> FunctionReport:
        """Say what is right and what is not."""
        pair = self.pair
        line = self.program.definitions[pair.name].lineno
        try:
            self._first = self._first or self._best_form()
            examination, outcomes = self._first
        except CannotCall as error:
            return self._otherwise(str(error))
        refusal = self._not_judged(examination, outcomes)
        if refusal is not None:
            return refusal
        outcomes = self._without_test_mode(examination, outcomes)
        self._note_refusals(outcomes)
        words = tuple(outcome.case.words for outcome in outcomes)
        judged = self._judged(outcomes)
        if not judged:
            reason = "it refuses every configuration it was asked to run"
            return FunctionReport(
                pair.name, pair.layer.name, line, REFUSED, (), tuple(self.notes), 0.0, words, (), reason
            )
        kept = [i for i, outcome in enumerate(outcomes) if any(outcome is its for its in judged)]
        examination.cases = [examination.cases[i] for i in kept]
        failed = tuple(o.case.words for o in judged if o.wrong() or o.failure or o.unfinished)
        is_unfinished = any(outcome.unfinished for outcome in judged)
        if is_unfinished:
            self._unfinished(examination, judged)
        elif failed:
            self._is_scaled = any(map(_is_scaled, judged))
            self.findings += Trail(self.program, self.pair, self.siblings).follow(examination, judged)
        else:
            self._look_closer(examination, judged)
        its = self.program.student.wrapped.get(pair.forward)
        unseen = tuple(f"d{name}" for name in its.unseen) if its is not None else ()
        wrong = any(finding.kind != "not_finished" for finding in self.findings)
        status = WRONG if wrong else UNFINISHED if is_unfinished else RIGHT
        return FunctionReport(
            pair.name, pair.layer.name, line, status, tuple(self.findings), tuple(dict.fromkeys(self.notes)),
            _score(judged, len(unseen)), words, failed, looked_at=_looked_at(judged), not_looked_at=unseen,
        )  # fmt: skip

    def _not_judged(self, examination: Examination, outcomes: list[Outcome]) -> FunctionReport | None:
        """The report on a pair that cannot be held against its layer: it needs what is not here, or means another."""
        missing = next((outcome.missing for outcome in outcomes if outcome.missing), "")
        if missing:
            reason = f"it needs {missing}, which comes from a module that is not here"
            return not_examined(self.program, self.pair, reason)
        sure = binding.is_sure(self.program.function(self.pair.forward), self.pair.layer)
        ran = [outcome for outcome in outcomes if not outcome.refused]
        if ran and not sure and not any(map(self._gave_output, ran)):
            return self._otherwise(
                "it seems to follow another convention (the order of axes, or what its parameters mean)"
            )
        return None

    def _without_test_mode(self, examination: Examination, outcomes: list[Outcome]) -> list[Outcome]:
        """Written for training alone, as the plain variants are: no finding, and what else is wrong comes to light."""
        if self.program.mentions(self.pair.forward, {"mode", "test", "train"}):
            return outcomes
        kept = [i for i, outcome in enumerate(outcomes) if outcome.case.settings.get("mode") != "test"]
        if len(kept) < len(outcomes):
            self.notes.append("it has no test mode: only training was looked at")
        examination.cases = [examination.cases[i] for i in kept]
        return [outcomes[i] for i in kept]

    def _note_refusals(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.refused and outcome.failure is not None and "eps" not in outcome.case.without:
                line, said = outcome.failure.line, f" ({outcome.failure.message})" if outcome.failure.message else ""
                self.notes.append(f"line {line} refuses the configuration: {outcome.case.words}{said}")

    def _judged(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes that count: nothing that was refused, nothing where only another convention shows."""
        judged = [outcome for outcome in outcomes if not outcome.refused]
        unusual = [o for o in judged if o.case.convention and (o.wrong() or o.failure)]
        if unusual and not any(o.wrong() or o.failure for o in judged if not o.case.convention):
            self.notes += [o.case.convention for o in unusual]
        judged = [o for o in judged if o not in unusual]
        if any(cell.trouble == "unbiased" for o in judged for cell in o.cells.values()):
            self.notes.append("the running variance is divided by N - 1, as PyTorch does: a convention")
        return judged

    def _unfinished(self, examination: Examination, judged: list[Outcome]) -> None:
        """A wrong forward pass first, whatever is left to be written behind it; then where the gaps are."""
        pair = self.pair
        done = [i for i, o in enumerate(judged) if o.unfinished != pair.forward or _has_loss(o)]
        cases = [(replace(case, forward_only=True), right) for case, right in (examination.cases[i] for i in done)]
        ahead = Examination(self.program, pair, cases)
        outcomes = ahead.run_all()
        if any(outcome.wrong() for outcome in outcomes) and not any(outcome.unfinished for outcome in outcomes):
            self.findings += Trail(self.program, pair, self.siblings).follow(ahead, outcomes)
        first = next(outcome for outcome in judged if outcome.unfinished)
        self.findings.append(gaps.unfinished(self.program, first.unfinished, first))
        if pair.backward and first.unfinished == pair.forward and gaps.gap(self.program, pair.backward):
            self.findings.append(gaps.unfinished(self.program, pair.backward))

    def _look_closer(self, examination: Examination, outcomes: list[Outcome]) -> None:
        """What there is to say of a pair that is right."""
        self._look_for_rounding(examination, outcomes)
        self.notes += notes.conventions(self.program, self.pair)
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
            if report.status != UNKNOWN and not self._is_scaled:
                return replace(report, notes=(f"as {pair.layer.name}, {reason}", *report.notes))
        return not_examined(self.program, pair, reason)

    def _forms(self) -> Iterator[tuple[Pair, list[tuple[Case, Reference]], Another]]:
        """The layer's sets of configurations, each with what is right, and with what makes more of them."""
        if self.pair.layer.is_own:
            yield from self._own_forms()
            return
        for number, form in enumerate(self.pair.layer.forms):
            key = (self.pair.layer.name, number)
            if key not in _references:
                _references[key] = [(case, reference(self.pair.layer, case)) for case in form()]
            yield self.pair, _references[key], functools.partial(_fresh, self.pair.layer, number)

    def _own_forms(self) -> Iterator[tuple[Pair, list[tuple[Case, Reference]], Another]]:
        """A pair that nobody knows as it is written; where that does not do, in functions that call it another way.

        Raises:
            CannotCall: neither does.
        """
        ways: list[Pair] = [self.pair]
        problem = None
        for pair in ways:
            try:
                pair, cases = unknown.understood(self.program, pair)
                yield pair, cases, functools.partial(unknown.fresh, self.program, pair, cases[0][0])
            except CannotCall as error:
                problem = problem or error
            if pair.forward not in self.program.student.wrapped:
                try:
                    ways.append(around(self.program, pair))
                except CannotCall as error:
                    problem = error
        if problem is not None:
            raise problem

    def _best_form(self) -> tuple[Examination, list[Outcome]]:
        """The configurations in the form that was meant: the first, unless another one gives more right outputs."""
        tried: list[tuple[Examination, list[Outcome]]] = []
        problem = None
        try:
            for pair, cases, another in self._forms():
                tried.append(self._ran(Examination(self.program, pair, cases, another)))
                if all_right(tried[-1][1]):
                    return self._chosen(tried[-1])
        except CannotCall as error:
            problem = error
        if not tried or (problem is not None and not self._is_called_right(tried[0])):
            raise problem or CannotCall("no configuration suits it")
        # where none gives a right output, the one that at least runs
        return self._chosen(max(tried, key=self._merits))

    def _ran(self, examination: Examination) -> tuple[Examination, list[Outcome]]:
        outcomes, applicable = [], []
        for case, right in examination.cases:
            with contextlib.suppress(NotApplicable):
                outcomes.append(examination.run(case, right))
                applicable.append((case, right))
        examination.cases = applicable
        return examination, outcomes

    def _merits(self, form: tuple[Examination, list[Outcome]]) -> tuple[int, ...]:
        gave = sum(map(self._gave_output, form[1]))
        ran = -sum(bool(outcome.failure) for outcome in form[1])
        if not self.pair.layer.is_own:
            return gave, ran
        right = sum(cell.ok for outcome in form[1] for name, cell in outcome.cells.items() if " " not in name)
        its = self.program.student.wrapped.get(form[0].pair.forward)
        return ran, right, bool(its is not None and its.convention)

    def _chosen(self, form: tuple[Examination, list[Outcome]]) -> tuple[Examination, list[Outcome]]:
        self.pair = form[0].pair
        its = self.program.student.wrapped.get(self.pair.forward)
        if self.pair.layer.is_own and unknown.shipped(self.program, self.pair) is None:
            self.notes.append(unknown.NOTE)
        if self.pair.layer.is_own and its is not None and its.convention:
            self.notes.append(its.convention)
        return form

    def _is_called_right(self, form: tuple[Examination, list[Outcome]]) -> bool:
        """Names say that it is called as it was, or it ran: what is wrong then is the student's."""
        pair, ran = form[0].pair, [outcome for outcome in form[1] if not outcome.failure]
        return bool(ran) or is_usual(self.program, pair)

    def _gave_output(self, outcome: Outcome) -> bool:
        """The forward pass came out right."""
        return all(name in outcome.cells and outcome.cells[name].ok for name in self.pair.layer.outputs)

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


@functools.cache
def _fresh(layer: Layer, form: int, seed: int) -> tuple[Case, Reference] | None:
    """One more configuration of a known layer."""
    if layer.fresh is None:
        return None
    case = layer.fresh(seed, form)
    return case, reference(layer, case)


def _has_loss(outcome: Outcome) -> bool:
    """Of a loss and its gradient, the loss was computed."""
    return "loss" in outcome.cells and outcome.cells["loss"].got is not None


def _looked_at(outcomes: list[Outcome]) -> tuple[str, ...]:
    """What was held against the right values: outputs, running statistics, gradients."""
    return tuple(dict.fromkeys(name for outcome in outcomes for name in outcome.cells if " " not in name))


def _score(outcomes: list[Outcome], unseen: int) -> float:
    """The share of what the functions give (outputs, running statistics, gradients) that is right wherever it ran."""
    good: dict[str, bool] = {}
    for outcome in outcomes:
        for name, cell in outcome.cells.items():
            if " " not in name:
                good[name] = good.get(name, True) and cell.ok
    return sum(good.values()) / (len(good) + unseen) if good else 0.0


def not_examined(program: Program, pair: Pair, reason: str) -> FunctionReport:
    """The report on a pair that nothing can be said about."""
    line = program.definitions[pair.name].lineno
    return FunctionReport(pair.name, pair.layer.name, line, UNKNOWN, reason=reason, score=0.0)


def fault(program: Program, pair: Pair, error: Exception) -> FunctionReport:
    """The report on a pair at which something of ours failed."""
    report = not_examined(program, pair, f"{type(error).__name__}: {error}")
    return replace(report, status=FAULT)


def _is_scaled(outcome: Outcome) -> bool:
    """A gradient is a multiple of the right one: another convention of what a loss is the mean of, perhaps."""
    cells = [cell for name, cell in outcome.cells.items() if name.startswith("d") and " " not in name and not cell.ok]
    quotients = [ratio(cell.got, cell.want) for cell in cells if isinstance(cell.got, np.ndarray)]
    return any(q is not None and np.ptp(q) <= 1e-6 * np.max(np.abs(q)) for q in quotients)
