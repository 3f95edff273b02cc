"""From "something comes out wrong" to findings: one pair of functions at a time."""

from __future__ import annotations

import ast
import copy
import time
from pathlib import Path
from typing import Any

from backpropviz.diagnose import culprit, kinds, matching, notes
from backpropviz.diagnose.binding import CannotCall, NotApplicable
from backpropviz.diagnose.cases import Case
from backpropviz.diagnose.culprit import Scene, Suspect
from backpropviz.diagnose.examine import ROUNDING, Cell, Examination, Outcome, difference
from backpropviz.diagnose.layers import Pair
from backpropviz.diagnose.loading import Student, Unreadable, read_text
from backpropviz.diagnose.program import Program
from backpropviz.diagnose.recorder import Recorder, Statement
from backpropviz.diagnose.reference import Reference, reference
from backpropviz.diagnose.repair import Hit, Search
from backpropviz.diagnose.verdict import REFUSED, RIGHT, UNFINISHED, UNKNOWN, WRONG, Finding, FunctionReport

MOST_FINDINGS = 4
PAIR_SECONDS = 20.0
FINDING_SECONDS = 10.0
_references: dict[tuple[str, int], list[tuple[Case, Reference]]] = {}


class Investigation:
    """One pair of functions, from the first run to the report."""

    def __init__(self, program: Program, pair: Pair):
        self.program, self.pair = program, pair
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.ended = time.perf_counter() + PAIR_SECONDS

    # ---- the verdict -------------------------------------------------------------------------------------------------

    def report(self) -> FunctionReport:
        """Run everything and say what is right and what is not."""
        pair = self.pair
        line = self.program.definitions[pair.name].lineno
        try:
            examination, outcomes = self._best_form()
        except CannotCall as error:
            return FunctionReport(pair.name, pair.layer.name, line, UNKNOWN, reason=str(error), score=0.0)
        missing = next((outcome.missing for outcome in outcomes if outcome.missing), "")
        if missing:
            reason = f"it needs {missing}, which comes from a module that is not here"
            return FunctionReport(pair.name, pair.layer.name, line, UNKNOWN, reason=reason, score=0.0)
        judged = [outcome for outcome in outcomes if not outcome.refused]
        words = tuple(outcome.case.words for outcome in outcomes)
        for outcome in outcomes:
            if outcome.refused and outcome.failure is not None and outcome.failure.type == "AssertionError":
                self.notes.append(f"line {outcome.failure.line} refuses the configuration: {outcome.case.words}")
        if not judged:
            reason = "it refuses every configuration it was asked to run"
            return FunctionReport(
                pair.name, pair.layer.name, line, REFUSED, (), tuple(self.notes), 0.0, words, (), reason
            )
        cells = [cell.ok for outcome in judged for name, cell in outcome.cells.items()]
        score = sum(cells) / len(cells) if cells else 0.0
        failed = tuple(
            outcome.case.words for outcome in judged if outcome.wrong() or outcome.failure or outcome.unfinished
        )
        unfinished = next((outcome.unfinished for outcome in judged if outcome.unfinished), "")
        if unfinished:
            self.findings.append(self._unfinished(unfinished))
        elif failed:
            self._follow(examination, outcomes)
        else:
            self._look_for_rounding(examination, outcomes)
            self.notes += notes.conventions(self.program, self.pair)
        status = UNFINISHED if unfinished else WRONG if self.findings else RIGHT
        return FunctionReport(
            pair.name, pair.layer.name, line, status, tuple(self.findings), tuple(dict.fromkeys(self.notes)), score,
            words, failed,
        )  # fmt: skip

    def _best_form(self) -> tuple[Examination, list[Outcome]]:
        """The configurations in the form the student had in mind: the first, unless another one is right altogether."""
        tried = []
        for number, form in enumerate(self.pair.layer.forms):
            key = (self.pair.layer.name, number)
            if key not in _references:
                _references[key] = [(case, reference(self.pair.layer, case)) for case in form()]
            examination = Examination(self.program, self.pair, _references[key])
            outcomes, applicable = [], []
            for case, right in examination.cases:
                try:
                    outcomes.append(examination.run(case, right))
                    applicable.append((case, right))
                except NotApplicable:
                    continue
            examination.cases = applicable
            tried.append((examination, outcomes))
            if not any(outcome.wrong() or outcome.failure or outcome.missing for outcome in outcomes):
                return examination, outcomes
        return tried[0]

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
        given_up: set[str] = set()
        try:
            while len(self.findings) < MOST_FINDINGS and time.perf_counter() < self.ended:
                stage, cells = self._stage(outcomes, given_up)
                if not cells:
                    break
                finding, hit = self._find(examination, outcomes, stage, cells)
                if finding is None:
                    break
                self.findings.append(finding)
                if hit is None:
                    break
                hit.edit.apply()
                repaired = copy.deepcopy(self.program.definitions[hit.edit.statement.function])
                hit.edit.undo()
                self.program.accept(repaired)
                outcomes = examination.run_all()
        finally:
            for definition in original.values():
                if self.program.definitions[definition.name] is not definition:
                    self.program.accept(definition)

    def _stage(self, outcomes: list[Outcome], given_up: set[str]) -> tuple[str, set[str]]:
        """What to explain next: wrong outputs before wrong gradients, values before changed arrays."""
        wrong = {name for outcome in outcomes if not outcome.refused for name in outcome.wrong()} - given_up
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

    def _find(
        self, examination: Examination, outcomes: list[Outcome], stage: str, cells: set[str]
    ) -> tuple[Finding | None, Hit | None]:
        deadline = min(self.ended, time.perf_counter() + FINDING_SECONDS)
        focus = self._focus(outcomes, cells)
        case, right = examination.cases[focus]
        scene = culprit.recorded(examination, case, right)
        wrong_here = outcomes[focus].wrong() & cells
        suspects = culprit.find_suspects(examination, scene, wrong_here, stage, deadline - FINDING_SECONDS / 2)
        hits = Search(examination, scene, outcomes, cells, deadline).run(suspects)
        shown = [o.case for o in outcomes if o.wrong() & cells or (o.failure and not o.refused)]
        if hits:
            return self._proved(examination, scene, hits, outcomes, cells, shown), hits[0]
        return self._inferred(scene, suspects, outcomes[focus], cells, shown, stage), None

    @staticmethod
    def _focus(outcomes: list[Outcome], cells: set[str]) -> int:
        """The case to look at: one where something is wrong without an exception, with as many different sizes as can be."""
        wrong = [i for i, o in enumerate(outcomes) if o.wrong() & cells and not o.refused]
        return min(wrong, key=lambda i: (outcomes[i].failure is not None, -_variety(outcomes[i].case), i))

    # ---- findings ----------------------------------------------------------------------------------------------------

    def _proved(
        self, examination: Examination, scene: Scene, hits: list[Hit], outcomes: list[Outcome], cells: set[str],
        shown: list[Case],
    ) -> Finding:  # fmt: skip
        """A finding that rests on a repair."""
        hit = hits[0]
        statement, edit = hit.suspect.statement, hit.edit
        repaired = self._recorded_with(examination, scene, hit)
        evidence, cascade = self._difference(scene, repaired, statement, hit.mended, outcomes)
        fixed_in = [outcomes[i].case for i in hit.cases]
        kind = kinds.refined(edit.kind, self.pair.layer, statement, set(hit.mended) or cells, fixed_in,
                             [o.case for o in outcomes])  # fmt: skip
        others = len({other.suspect.statement.key for other in hits if other.complete} - {statement.key})
        expected = edit.text() + (f"  ({edit.where})" if edit.where else "")
        configurations = tuple(case.words for case in fixed_in) if len(fixed_in) < len(outcomes) else ()
        return Finding(
            self.program.student.path.name, statement.line, statement.function, statement.text, kind, evidence,
            kinds.WORDS[kind], expected, True, configurations, cascade, others,
        )  # fmt: skip

    def _recorded_with(self, examination: Examination, scene: Scene, hit: Hit) -> Scene | None:
        """The focus case once more, recorded, with the repair in place."""
        program, name = self.program, hit.edit.statement.function
        before = program.definitions[name]
        hit.edit.apply()
        try:
            program.definitions[name] = copy.deepcopy(before)
            return culprit.recorded(examination, scene.case, scene.right)
        except (CannotCall, NotApplicable):
            return None
        finally:
            hit.edit.undo()
            program.definitions[name] = before

    def _difference(
        self,
        scene: Scene,
        repaired: Scene | None,
        statement: Statement,
        mended: frozenset[str],
        outcomes: list[Outcome],
    ) -> tuple[str, tuple[str, ...]]:
        """How the statement's value differs from the repaired one, and which later names differ only because of it."""
        sizes = self._sizes(scene, statement)
        failure = scene.outcome.failure
        evidence = ""
        cascade: list[str] = []
        if failure is not None:
            evidence = f"{failure.type}: {failure.message}" if failure.message else failure.type
        elif repaired is not None:
            for (function, index, name), visit in sorted(scene.record.visits.items(), key=lambda item: item[1].order):
                other = repaired.record.visits.get((function, index, name))
                if other is None or name in ("", "return") or not matching.is_array(visit.value):
                    continue
                if _same(visit.value, other.value):
                    continue
                if (function, index) == statement.key and not evidence:
                    evidence = f"{name} {matching.describe(visit.value, other.value, sizes)}"
                elif (function, index) != statement.key and name not in cascade:
                    cascade.append(name)
        if not evidence:
            cells = [(name, cell) for name, cell in scene.outcome.cells.items() if name in mended and not cell.ok]
            evidence = "; ".join(_cell_words(name, cell, sizes) for name, cell in cells[:2])
        return evidence, tuple(cascade)

    def _sizes(self, scene: Scene, statement: Statement) -> dict[str, int]:
        scope = scene.scope(statement)
        return {k: v for k, v in scope.items() if isinstance(v, int) and not isinstance(v, bool) and v > 1}

    def _inferred(
        self, scene: Scene, suspects: list[Suspect], outcome: Outcome, cells: set[str], shown: list[Case], stage: str
    ) -> Finding | None:
        """A finding without a repair: the statement after which right values would do, or the one that fails."""
        file = self.program.student.path.name
        configurations = tuple(case.words for case in shown) if shown else ()
        failure = outcome.failure
        if failure is not None:
            kind = "does_not_end" if failure.type == "does not end" else "crash"
            statement = next(
                (s for s in reversed(self.program.statements(failure.function))
                 if s.line <= failure.line <= (s.node.end_lineno or s.line)), None,
            ) if failure.function in self.program.definitions else None  # fmt: skip
            text = statement.text if statement else ""
            line = statement.line if statement else failure.line
            return Finding(
                file, line, failure.function, text, kind, f"{failure.type}: {failure.message}".rstrip(": "),
                kinds.WORDS[kind], "", False, configurations,
            )  # fmt: skip
        if not suspects:
            return None
        suspect = self._most_likely(scene, suspects)
        statement = suspect.statement
        sizes = self._sizes(scene, statement)
        if suspect.cut is not None:
            words = matching.describe(suspect.value, suspect.cut_value, sizes)
            name = suspect.cut.name or "a value of ours"
            evidence = f"{suspect.target} {words}; with the right values in its place, {_listed(suspect.mended)} come out right"
            expected = f"{suspect.target} equal to {name}" + (f" = {suspect.cut.code}" if suspect.cut.code else "")
            kind = _guess(words)
            step = suspect.cut.step
        else:
            wrong = [(n, cell) for n, cell in outcome.cells.items() if n in cells and not cell.ok]
            evidence = "; ".join(_cell_words(n, cell, sizes) for n, cell in wrong[:2])
            expected, kind, step = "", _guess(evidence), ""
        cascade = tuple(dict.fromkeys(
            s.target for s in scene.suspects if s.order > suspect.order and s.matched is None and s.target not in ("", "return")
        ))  # fmt: skip
        return Finding(
            file, statement.line, statement.function, statement.text, kind, evidence, kinds.WORDS[kind], expected, False,
            configurations if len(shown) < 99 else (), cascade, step=step,
        )  # fmt: skip

    @staticmethod
    def _most_likely(scene: Scene, suspects: list[Suspect]) -> Suspect:
        """The first statement where a right value mends the most; else the first with an unknown value that matters."""
        cuts = [s for s in scene.suspects if s.cut is not None]
        if cuts:
            most = max(len(s.mended) for s in cuts)
            best = [s for s in cuts if len(s.mended) == most]
            return next((s for s in best if culprit.is_odd(s)), best[0])
        likely = [s for s in scene.suspects if s.penalty <= min(t.penalty for t in suspects) + 0.05]
        return likely[0] if likely else suspects[0]

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
                (visit.order, function, index, name) for (function, index, name), visit in recorder.record.visits.items()
                if getattr(visit.value, "dtype", None) in ("float32", "float16") and index >= 0
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


def _variety(case: Case) -> int:
    """How many different lengths its axes and settings have: equal ones hide which is which."""
    numbers = [v for v in case.settings.values() if isinstance(v, int) and v > 1]
    lengths = [n for value in case.inputs.values() for n in value.shape]
    return len({*numbers, *lengths})


def _assigns_none(node: ast.stmt) -> bool:
    value = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.Return) else None
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return all(isinstance(part, ast.Constant) and part.value is None for part in parts)


def _same(one: Any, other: Any) -> bool:
    return getattr(other, "shape", None) == one.shape and difference(one, other) <= ROUNDING


def _cell_words(name: str, cell: Cell, sizes: dict[str, int]) -> str:
    if name.endswith(" unchanged"):
        return f"{name.split()[0]}, which belongs to the caller, is not what it was"
    if name.endswith(" again"):
        return f"a second call with the same cache gives another {name.split()[0]}"
    if cell.trouble:
        return f"{name}: {cell.trouble}"
    return f"{name} {matching.describe(cell.got, cell.want, sizes)}"


def _guess(words: str) -> str:
    """A kind from the evidence alone."""
    for sign, kind in (("-1 times", "sign"), ("times the right value", "constant_factor"), ("has shape", "shape_kept"),
                       ("wrong places", "layout"), ("not finite", "unstable"), ("None", "not_finished"),
                       ("kept", "dropout_scale"), ("not what it was", "input_changed")):  # fmt: skip
        if sign in words:
            return kind
    return "wrong_value"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


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
