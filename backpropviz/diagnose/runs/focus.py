"""Which of the configurations to look at, of those that go wrong."""

from __future__ import annotations

from backpropviz.course.record import Case
from backpropviz.diagnose.runs.outcomes import Outcome

RUNNING = {"running_mean", "running_var"}


def telling_most(outcomes: list[Outcome], cells: set[str]) -> int:
    """The number of the case that tells mistakes apart best, among those in which one of these cells is wrong."""
    wrong = [i for i, o in enumerate(outcomes) if o.wrong() & cells and not o.refused]
    return min(wrong, key=lambda i: (*_looks(outcomes[i], cells), i))


def _looks(outcome: Outcome, cells: set[str]) -> tuple[int, ...]:
    """How badly a case tells mistakes apart: by an exception or a shape, with sizes that are alike, with running
    statistics that begin with zeros; and at what cost."""
    case, at_all = outcome.case, (outcome.failure is not None, outcome.is_misshapen(cells))
    if case.special:
        return *at_all, -_variety(case)
    return *at_all, -99, len(case.without) if cells & RUNNING else 0, outcome.rounds


def _variety(case: Case) -> int:
    """How many different lengths its axes and settings have: equal ones hide which is which."""
    numbers = [v for v in case.settings.values() if isinstance(v, int) and v > 1]
    lengths = [n for value in case.inputs.values() for n in value.shape]
    return len({*numbers, *lengths}) + len(set(numbers))
