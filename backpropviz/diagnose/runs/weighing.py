"""What came out of a pair's configurations, weighed: which of them count, and what share of the values is right."""

from __future__ import annotations

from dataclasses import dataclass, field

from backpropviz.course.windows import leaves_a_rest
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.student.program import Program


@dataclass
class Weighed:
    """The configurations of a pair.

    Attributes:
        outcomes: of all that concern it. judged: those that count; nothing that was refused, nothing where only another
            convention shows. refused: those that it has to take, and refuses. notes: what there is to say of them.
    """

    outcomes: list[Outcome]
    judged: list[Outcome]
    refused: list[Outcome]
    notes: list[str] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(outcome.case.words for outcome in self.outcomes)

    @property
    def refused_words(self) -> tuple[str, ...]:
        return tuple(outcome.case.words for outcome in self.refused)

    @property
    def failed_words(self) -> tuple[str, ...]:
        return tuple(its.case.words for its in self.judged if its.wrong() or its.failure or its.unfinished)

    @property
    def is_unfinished(self) -> bool:
        return any(outcome.unfinished for outcome in self.judged)

    @property
    def refuses(self) -> bool:
        """It is refused what matters: most configurations, or every one with a gradient."""
        asked = [o for o in (*self.judged, *self.refused) if not o.case.forward_only]
        gave = any(_is_gradient(name) for outcome in self.judged for name in outcome.cells)
        return 2 * len(self.refused) > len(self.judged) + len(self.refused) or (
            bool(self.refused) and bool(asked) and not gave
        )

    @property
    def looked_at(self) -> tuple[str, ...]:
        """What was held against the right values: outputs, running statistics, gradients."""
        return tuple(dict.fromkeys(name for outcome in self.judged for name in outcome.cells if " " not in name))

    def score(self, unseen: int = 0) -> float:
        """The share of what the functions give (outputs, running statistics, gradients) that is right wherever it ran,
        times the share of the configurations that were not refused.

        Args:
            unseen: gradients that no place was found for.
        """
        good: dict[str, bool] = {}
        for outcome in self.judged:
            for name, cell in outcome.cells.items():
                if " " not in name:
                    good[name] = good.get(name, True) and cell.ok
        taken = len(self.judged) / (len(self.judged) + len(self.refused)) if self.judged else 0.0
        return taken * sum(good.values()) / (len(good) + unseen) if good else 0.0


def _is_gradient(name: str) -> bool:
    return name.startswith("d") and " " not in name


def weigh(program: Program, pair: Pair, examination: Examination, outcomes: list[Outcome]) -> Weighed:
    """Weigh what came out; the examination keeps the cases that count."""
    notes: list[str] = []
    outcomes = _without_test_mode(program, pair, examination, outcomes, notes)
    of_a_class = pair.forward in program.student.wrapped
    refused: list[Outcome] = []
    for outcome in outcomes:
        if not outcome.refused or "eps" in outcome.case.without or (outcome.case.optional and of_a_class):
            continue
        refused += [outcome] * (not outcome.case.optional and not leaves_a_rest(outcome.case))
        if outcome.failure:
            line, said = outcome.failure.line, f" ({outcome.failure.message})" if outcome.failure.message else ""
            notes.append(f"line {line} refuses the configuration: {outcome.case.words}{said}")
    judged = _judged(outcomes, notes)
    kept = [i for i, outcome in enumerate(outcomes) if any(outcome is its for its in judged)]
    examination.cases = [examination.cases[i] for i in kept]
    return Weighed(outcomes, judged, refused, notes)


def _without_test_mode(
    program: Program, pair: Pair, examination: Examination, outcomes: list[Outcome], notes: list[str]
) -> list[Outcome]:
    """Written for training alone, as the plain variants are: no finding, and what else is wrong comes to light."""
    if program.mentions(pair.forward, {"mode", "test", "train"}):
        return outcomes
    kept = [i for i, outcome in enumerate(outcomes) if outcome.case.settings.get("mode") != "test"]
    if len(kept) < len(outcomes):
        notes.append("it has no test mode: only training was looked at")
    examination.cases = [examination.cases[i] for i in kept]
    return [outcomes[i] for i in kept]


def _judged(outcomes: list[Outcome], notes: list[str]) -> list[Outcome]:
    """The outcomes that count: nothing that was refused, nothing where only another convention shows."""
    judged = [outcome for outcome in outcomes if not outcome.refused]
    unusual = [o for o in judged if o.case.convention and (o.wrong() or o.failure)]
    if unusual and not any(o.wrong() or o.failure for o in judged if not o.case.convention):
        notes += [o.case.convention for o in unusual]
    judged = [o for o in judged if o not in unusual]
    if any(cell.trouble == "unbiased" for o in judged for cell in o.cells.values()):
        notes.append("the running variance is divided by N - 1, as PyTorch does: a convention")
    return judged
