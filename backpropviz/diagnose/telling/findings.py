"""Puts what was found out into words: findings that rest on a repair, and findings that are inferred."""

from __future__ import annotations

import ast
import copy
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable
from backpropviz.diagnose.pairs.reference import Entry
from backpropviz.diagnose.runs import matching
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import ROUNDING, Failure, Outcome, difference
from backpropviz.diagnose.runs.scene import MATCHED, Scene, Suspect, recorded
from backpropviz.diagnose.search import handed_on, rewrite
from backpropviz.diagnose.search.cuts import first_cut, is_odd
from backpropviz.diagnose.search.hits import Hit
from backpropviz.diagnose.search.origin import is_meant_by_name, origin_of, resting_on
from backpropviz.diagnose.search.sizes import Size
from backpropviz.diagnose.student.recorder import Follower, Statement
from backpropviz.diagnose.telling import kinds, rounds, spacing
from backpropviz.diagnose.telling.words import called, cell_difference, guessed_kind, size_words
from backpropviz.diagnose.verdict import Finding
from backpropviz.engine.source import SourceText
from backpropviz.study.values.trees import names_in

# an edit of one of these kinds that makes an exception go away says little about what was meant
_BY_ACCIDENT = {"extra_line", "extra_term", "sign", "constant_factor", "wrong_power", "wrong_operator", "wrong_place"}


MOST_INSTEAD = 3


class Wording:
    """Makes the findings of one pair."""

    def __init__(self, examination: Examination):
        self.examination = examination
        self.program, self.pair = examination.program, examination.pair
        self.file = self.program.student.path.name
        student = self.program.student
        self._text = SourceText(str(student.path), student.text.splitlines(keepends=True), student.tree)

    def _written(self, statement: Statement) -> str:
        """The statement as the student wrote it, on one line; of a compound one the head."""
        node = statement.node
        if hasattr(node, "body") or not node.end_lineno or self.program.student.is_converted:
            return statement.text
        return " ".join(self._text.code(node).split())

    def _mended(self, edit: Edit) -> str:
        """The statement with the edit in place, in the student's own spacing where that can be kept."""
        if edit.own_text or self.program.student.is_converted or hasattr(edit.statement.node, "body"):
            return edit.text()
        return spacing.mended(self._written(edit.statement), edit.statement.text, edit.text())

    def _finding(
        self, statement: Statement, kind: str, evidence: str, expected: str, cascade: tuple[str, ...]
    ) -> Finding:  # fmt: skip
        return Finding(
            self.file, statement.line, statement.function, self._written(statement), kind, evidence, kinds.WORDS[kind],
            expected, cascade=cascade,
        )  # fmt: skip

    def proved(self, scene: Scene, hits: list[Hit], outcomes: list[Outcome], cells: set[str]) -> Finding:
        """A finding that rests on a repair; `hits` are all repairs that were found, the best first."""
        hit = hits[0]
        statement = hit.suspect.statement
        if hit.edit.kind == "eps":
            scene = self._loudest(scene, outcomes, hit)
        evidence, cascade = self._difference(scene, hit.edit, hit.mended)
        cascade = cascade if hit.complete else ()  # what else is wrong may be so for another reason, too
        fixed_in = [outcomes[i].case for i in hit.cases]
        ran = [outcome.case for outcome in outcomes]
        kind = kinds.refined(hit.edit.kind, self.pair.layer, statement, set(hit.mended) or cells, fixed_in, ran)
        failure = self._failure(scene.outcome, set(hit.mended))
        if failure is not None and failure.type == "does not end":
            kind = "does_not_end"
        elif failure is not None and kind in _BY_ACCIDENT:
            kind = "crash"
        changes = {other.suspect.statement.key: other.edit for other in reversed(hits) if other.complete}
        instead = tuple(
            (edit.statement.line, self._mended(edit)) for key, edit in changes.items() if key != statement.key
        )
        configurations = tuple(case.words for case in fixed_in) if len(fixed_in) < len(outcomes) else ()
        first, *more = hit.edit.parts or (hit.edit,)
        expected = self._mended(first) + (f"  ({first.where})" if first.where else "")
        if kind == "missing_line" and isinstance(statement.node, ast.Return) and not hit.suspect.computes:
            statement = self.program.statements(statement.function)[max(statement.index - 1, 0)]
            expected += "  (in the return behind this line)"
        also = tuple((edit.statement.line, self._written(edit.statement)) for edit in more)
        return replace(
            self._finding(statement, kind, evidence, expected, cascade),
            proved=True, configurations=configurations, instead=instead[::-1][:MOST_INSTEAD], also=also,
        )  # fmt: skip

    def of_each_line(self, scene: Scene, hits: list[Hit], outcomes: list[Outcome], cells: set[str]) -> list[Finding]:
        """The findings on the lines of a repair that changes each in its own way; all are needed together."""
        whole, parts = self.proved(scene, hits, outcomes, cells), hits[0].edit.parts
        if len(parts) < 2:
            return [whole]
        found: list[Finding] = []
        for part in parts:
            evidence = f"together with line {parts[0].statement.line}" if found else whole.evidence
            its = self._finding(part.statement, part.kind, evidence, self._mended(part), ())
            more = part is not parts[-1]
            found.append(replace(its, proved=True, configurations=whole.configurations, together=more))
        return found

    def _failure(self, outcome: Outcome, cells: set[str]) -> Failure | None:
        """The exception that ended a run, unless these were there by then."""
        failure = outcome.failure
        return None if failure is not None and failure.is_backward and cells & {*self.pair.layer.outputs} else failure

    def _loudest(self, scene: Scene, outcomes: list[Outcome], hit: Hit) -> Scene:
        """The case in which a small mistake shows most, recorded."""
        gaps = {}
        for i in hit.cases:
            cells = [cell for name, cell in outcomes[i].cells.items() if name in hit.mended]
            if outcomes[i].failure is None and cells:
                gaps[i] = max(difference(cell.got, cell.want) for cell in cells)
        if not gaps or scene.outcome.failure is not None:
            return scene
        return recorded(self.examination, *self.examination.cases[max(gaps, key=lambda i: gaps[i])])

    def sizes(self, sizes: list[Size], edit: Edit, outcomes: list[Outcome]) -> list[Finding]:
        """The findings on sizes that were computed wrongly, one for each line; all are needed together."""
        lines = list(dict.fromkeys(size.statement for size in sizes))
        shown = tuple(o.case.words for o in outcomes if o.wrong() or (o.failure and not o.refused))
        found = []
        for statement in lines:
            told = [size_words(size) for size in sizes if size.statement is statement]
            parts = [part for part in edit.parts or (edit,) if part.statement is statement]
            text = self._mended(parts[0] if len(parts) == 1 else Edit.together(parts))
            its = self._finding(statement, "wrong_size", ", ".join(told), text, ())
            configurations = shown if len(shown) < len(outcomes) else ()
            found.append(
                replace(its, proved=True, configurations=configurations, together=statement is not lines[-1])
            )  # fmt: skip
        return found

    def local(self, scene: Scene, suspect: Suspect, edit: Edit, entry: Entry, shown: list[Case]) -> Finding:
        """A finding on one of several faults: the edit gives this line's value the right value, as our trace has it."""
        statement = suspect.statement
        evidence, cascade = self._difference(scene, edit, frozenset())
        kind = kinds.refined(edit.kind, self.pair.layer, statement, set(), shown, shown)
        return replace(
            self._finding(statement, kind, evidence, self._mended(edit), cascade), proved=True, step=entry.step
        )

    def missing(self, suspect: Suspect, edit: Edit, shown: list[Case], every: int) -> Finding:
        """A finding on a line that is not there: a value is right, and nothing is done with it."""
        evidence = f"{suspect.target} is right, and never used"
        found = self._finding(suspect.statement, "missing_line", evidence, edit.text(), ())
        configurations = tuple(case.words for case in shown) if len(shown) < every else ()
        return replace(found, proved=True, configurations=configurations)

    def _recorded_with(self, scene: Scene, edit: Edit, follower: Follower | None) -> Scene | None:
        """The focus case once more, recorded, with the edit in place."""
        name = edit.statement.function
        before = self.program.definitions[name]
        try:
            with edit:
                self.program.definitions[name] = copy.deepcopy(before)
                return recorded(self.examination, scene.case, scene.right, follower)
        except (CannotCall, NotApplicable):
            return None
        finally:
            self.program.definitions[name] = before

    def _difference(self, scene: Scene, edit: Edit, mended: frozenset[str]) -> tuple[str, tuple[str, ...]]:
        """How the statement's value differs from the repaired one, and which later names differ only because of it."""
        statement = edit.statement
        sizes = self._sizes(scene, statement)
        failure = self._failure(scene.outcome, set(mended))
        if failure is not None:
            return f"{failure.type}: {failure.message}".rstrip(": "), ()
        follower = rounds.follower(self.program, statement)
        repaired = self._recorded_with(scene, edit, follower)
        own = ""
        cascade: list[str] = []
        visits = sorted(scene.record.visits.items(), key=lambda item: item[1].order) if repaired else []
        for key, visit in visits:
            function, index, name = key
            other = repaired.record.visits.get(key) if repaired else None
            if other is None or index < 0 or name in ("", "return") or not matching.is_array(visit.value):
                continue
            if not _same(visit.value, other.value):
                if (function, index) == statement.key:
                    own = own or f"{name} {matching.describe(visit.value, other.value, sizes).words}"
                elif name not in cascade and function not in self.examination.program.student.wrapped:
                    cascade.append(name)
        if own and follower is not None:
            as_it_is = rounds.follower(self.program, statement)
            recorded(self.examination, scene.case, scene.right, as_it_is)
            first = rounds.first_wrong(as_it_is, follower, _same, statement.loops) if as_it_is else ""
            if first and self._takes_over(edit):
                own = f"the gradient that the round before hands on is missing; {own}"
            own = f"{first}: {own}" if first else own
        if not own:
            cells = [(name, cell) for name, cell in scene.outcome.cells.items() if name in mended and not cell.ok]
            own = "; ".join(cell_difference(name, cell, sizes).words for name, cell in cells[:2])
            own = own or f"{' and '.join(sorted(mended)) or 'the result'} comes out wrong"
        return own, tuple(name for name in cascade if name not in statement.targets)

    def _takes_over(self, edit: Edit) -> bool:
        """Whether an edit adds what the round before left."""
        statement = edit.statement
        read = {node.id for new in edit.new_nodes() for node in ast.walk(new) if isinstance(node, ast.Name)}
        read -= names_in(statement.node)
        return bool(read & set(handed_on.taken_over(self.program.statements(statement.function), statement, read)))

    def _sizes(self, scene: Scene, statement: Statement) -> dict[str, int]:
        scope = scene.scope(statement)
        return {k: v for k, v in scope.items() if isinstance(v, int) and not isinstance(v, bool) and v > 1}

    def inferred(
        self, scene: Scene, suspects: list[Suspect], outcome: Outcome, cells: set[str], shown: list[Case], every: int
    ) -> tuple[Finding | None, Edit | None]:
        """A finding without a repair: the statement after which right values would do, or the one that fails.

        With it the edit that makes this statement right by derived code, where that can be told.
        """
        configurations = tuple(case.words for case in shown) if len(shown) < every else ()
        failure = self._failure(outcome, cells)
        if failure is not None:
            return self._failed(failure, configurations), None
        if not suspects:
            return None, None
        suspect = self._most_likely(scene, suspects)
        statement, right = suspect.statement, suspect.cut
        sizes = self._sizes(scene, statement)
        expected = step = ""
        edit = rewrite.derived_edit(self.program, scene, suspect)
        if right is not None:
            differs = matching.describe(suspect.value, suspect.cut_value, sizes)
            evidence, kind, step = f"{suspect.target} {differs.words}", differs.kind, right.step
            part = suspect.matched
            if not is_odd(suspect) and part is not None and part.role != "value" and part.name != suspect.target:
                evidence = f"{suspect.target} is equal to {part.name or 'a right value'}, which is not all of it"
                kind = "missing_term"
            if suspect.mended:
                evidence += f"; with the right values in its place, {', '.join(sorted(suspect.mended))} comes out right"
            if edit is not None:
                expected = self._mended(edit)
            else:
                evidence += f"; it should be {called(right.name)} of shape {np.shape(suspect.cut_value)}"
        else:
            wrong = [(n, cell) for n, cell in outcome.cells.items() if n in cells and not cell.ok]
            told = [cell_difference(n, cell, sizes) for n, cell in wrong[:2]]
            evidence, kind = "; ".join(its.words for its in told), guessed_kind(told)
        ran = [case for case, _ in self.examination.cases]
        kind = kinds.refined(kind, self.pair.layer, statement, cells, shown, ran)
        cascade = resting_on(scene, suspect)
        finding = self._finding(statement, kind, evidence, expected, cascade)
        return replace(finding, configurations=configurations, step=step), edit

    def _failed(self, failure: Failure, configurations: tuple[str, ...]) -> Finding:
        """The statement an exception came from."""
        kind = "does_not_end" if failure.type == "does not end" else "crash"
        line, text = failure.line, ""
        if failure.function in self.program.definitions:
            spans = [
                s for s in self.program.statements(failure.function)
                if s.line <= failure.line <= (s.node.end_lineno or s.line)
            ]  # fmt: skip
            if spans:
                line, text = spans[-1].line, self._written(spans[-1])
        return Finding(
            self.file, line, failure.function, text, kind, f"{failure.type}: {failure.message}".rstrip(": "),
            kinds.WORDS[kind], "", False, configurations,
        )  # fmt: skip

    @staticmethod
    def _most_likely(scene: Scene, suspects: list[Suspect]) -> Suspect:
        """The first statement where a right value mends the most, or before it one whose name says what it should
        be.
        """
        if scene.handing_on is not None:
            return scene.handing_on
        cuts = [s for s in scene.suspects if s.cut is not None]
        best = first_cut(scene.suspects, set(max(cuts, key=lambda s: len(s.mended)).mended)) if cuts else None
        odd = [
            s for s in scene.suspects
            if s.penalty < MATCHED and ((s.value is not None and is_odd(s)) or s.computes)
        ]  # fmt: skip
        named = next((s for s in odd if best is None or s.order < best.order if is_meant_by_name(scene, s)), None)
        if named is not None:
            return named
        return origin_of(best, odd) if best is not None else odd[0] if odd else suspects[0]


def _same(one: Any, other: Any) -> bool:
    return getattr(other, "shape", None) == one.shape and difference(one, other) <= ROUNDING
