"""One recorded run of a configuration, and what is known of the statements in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.reference import Entry, Reference
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import Failure, Outcome
from backpropviz.diagnose.student.loading import MODULE
from backpropviz.diagnose.student.recorder import Follower, Record, Recorder, Statement
from backpropviz.diagnose.student.work import WORK

MATCHED, PLAIN, UNMATCHED = 2.0, 1.5, 1.0  # how unsuspicious a statement is by its value alone


@dataclass
class Suspect:
    """A statement and what is known about it.

    Attributes:
        penalty: how far down the list it is; 0 is the first suspect.
        target: the name whose value was looked at. value: what it was in the focus case.
        computes: it returns a wrong result that is more than a name. innocent: a right result rests on it as well.
        matched: the right value it equals. cut: the right value that mends everything when put in its place.
    """

    statement: Statement
    penalty: float
    target: str = ""
    value: Any = None
    matched: Entry | None = None
    cut: Entry | None = None
    cut_value: Any = None
    mended: frozenset[str] = frozenset()
    order: int = 0
    computes: bool = False
    innocent: bool = False


@dataclass
class Scene:
    """One recorded run of the focus case, its rounds counted, and the suspects in it, in the order of execution.

    `handing_on`: the statement of a loop that makes a wrong value for the next round.
    """

    case: Case
    right: Reference
    outcome: Outcome
    record: Record
    rounds: int
    suspects: list[Suspect] = field(default_factory=list)
    handing_on: Suspect | None = None

    def scope(self, statement: Statement) -> dict[str, Any]:
        """What names stood for when a statement ran: arguments, and whatever was assigned before it (or in a loop)."""
        found: dict[str, tuple[int, Any]] = {}
        for (function, index, name), visit in self.record.visits.items():
            if function != statement.function or name in ("return", ""):
                continue
            if index < statement.index and (name not in found or index > found[name][0]):
                found[name] = (index, visit.value)
        values = {name: value for name, (_, value) in found.items()}
        for name, value in list(values.items()):
            if type(value).__module__ == MODULE and hasattr(
                value, "__dict__"
            ):  # what else a layer of a class of the student's holds
                values = {f"{name}.{attribute}": held for attribute, held in vars(value).items()} | values
        return values


def recorded(examination: Examination, case: Case, right: Reference, follower: Follower | None = None) -> Scene:
    """Run a case with every statement recorded; of the one that is followed, every execution."""
    recorder = Recorder(follower=follower)
    began = WORK.done
    with examination.program.recorded(recorder):
        outcome = examination.run(case, right, recorder)
    return Scene(case, right, outcome, recorder.record, WORK.done - began)


def matters(scene: Scene, stage: str) -> Failure | None:
    """The exception of the run, unless the stage that is looked at was over by then."""
    failure = scene.outcome.failure
    return None if failure is not None and stage == "forward" and failure.is_backward else failure
