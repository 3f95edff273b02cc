"""What a diagnosis says, as plain records: findings, functions, files. Nothing here prints or computes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from backpropviz.diagnose.telling.page import Page

RIGHT, WRONG, UNFINISHED, REFUSED, UNKNOWN = "right", "wrong", "not finished", "refused", "not examined"
LATE = "not finished in time"  # by the clock, or by the count of its work: what was not looked at is not right
FAULT = "fault of the tool"


@dataclass(frozen=True)
class Finding:
    """One wrong line.

    Attributes:
        line: the statement's first line; for a missing line (`kind` says so), the line after which it belongs.
        statement: the statement as written, on one line.
        kind: what sort of mistake it is; `kinds.WORDS` has them all.
        evidence: how the value differs from the right one. meaning: what that usually means.
        expected: what the statement should read, or what its value should be equal to.
        proved: an edit of this line was run, and made right what `repairs` says; otherwise the line is inferred.
        configurations: where it shows; empty for "wherever it was run".
        cascade: names that are wrong only because of this line.
        instead: other lines that could be changed as well, as (line, what it would read).
        also: further lines that share the blame, as (line, statement).
        step: the number of our forward pass's step that it belongs to, where one is known.
        together: the proof takes the next finding's change as well: only with both everything comes out right.
        page: what the line does on the smallest input, where that was asked for.
    """

    file: str
    line: int
    function: str
    statement: str
    kind: str
    evidence: str
    meaning: str
    expected: str = ""
    proved: bool = False
    configurations: tuple[str, ...] = ()
    cascade: tuple[str, ...] = ()
    instead: tuple[tuple[int, str], ...] = ()
    also: tuple[tuple[int, str], ...] = ()
    step: str = ""
    together: bool = False
    page: Page | None = None

    def to_dict(self) -> dict[str, Any]:
        record = asdict(self)
        if self.page is None:
            del record["page"]
        return record

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        tuples = {key: tuple(data[key]) for key in ("configurations", "cascade")}
        lines = {key: tuple((line, text) for line, text in data[key]) for key in ("also", "instead")}
        page = {"page": Page.from_dict(data["page"])} if data.get("page") else {}
        return cls(**{**data, **tuples, **lines, **page})


@dataclass(frozen=True)
class ShorterForm:
    """A gradient that a right backward pass has in closed form.

    Attributes:
        gradient, source: from which gradient the lines lead to it. line: where it is set last.
        operations: what these lines compute with. chain_operations, chain_steps: the same for the recorded chain, and
            in how many lines it goes; what only lays out arrays is not counted in either.
    """

    gradient: str
    source: str
    line: int
    operations: int
    chain_operations: int
    chain_steps: int

    @property
    def words(self) -> str:
        one = "operation" if self.operations == 1 else "operations"
        return (
            f"{self.gradient} is in closed form: {self.operations} {one} from {self.source}, "
            f"where the chain rule takes {self.chain_operations} in {self.chain_steps} steps"
        )


@dataclass(frozen=True)
class FunctionReport:
    """The verdict on one function pair.

    Attributes:
        name: the function it is about. layer: which of our layers it was held against. line: where it is defined.
        status: "right", "wrong", "not finished", "refused" (it asserts away most configurations), "not examined",
            "not finished in time", or "fault of the tool".
        findings: the wrong lines, first one first. notes: conventions and odd-looking lines that are right.
        score: the share of its values that came out right, 0 to 1; what was not looked at is not right.
        ran: the configurations it was run on. failed: those where something was wrong.
        reason: in words, why it was not examined or refused.
        looked_at: what was held against the right values, by name. not_looked_at: gradients that were not found.
        refused: the configurations that it has to take and asserts away; they lower the score.
        own: it is held against its own forward pass, as a layer that only its author knows.
        closed_forms: of a right one, the gradients that are shorter than the chain rule's steps.
    """

    name: str
    layer: str
    line: int
    status: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    score: float = 1.0
    ran: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    reason: str = ""
    looked_at: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    own: bool = False
    closed_forms: tuple[ShorterForm, ...] = ()

    @property
    def is_judged(self) -> bool:
        """There is a verdict on it."""
        return self.status not in (UNKNOWN, LATE, FAULT)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "findings": [finding.to_dict() for finding in self.findings]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FunctionReport:
        keys = ("notes", "ran", "failed", "looked_at", "not_looked_at", "refused")
        tuples = {key: tuple(data.get(key, ())) for key in keys}
        tuples["findings"] = tuple(Finding.from_dict(item) for item in data["findings"])
        tuples["closed_forms"] = tuple(ShorterForm(**item) for item in data.get("closed_forms", ()))
        return cls(**{**data, **tuples})


@dataclass(frozen=True)
class FileReport:
    """The verdict on one file.

    Attributes:
        functions: one report per function pair, in the file's order.
        findings: what is wrong with the file as a whole (it does not parse, it never ends when imported, ...).
        notes: missing modules, Python 2 text, and the like. seconds: of processor time; in no format and no comparison.
        cut_short: the clock ended what had not ended by itself; on a faster machine more might be said.
    """

    file: str
    functions: tuple[FunctionReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    cut_short: bool = False

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        every = [*self.findings, *(finding for function in self.functions for finding in function.findings)]
        # a forward pass that two backward passes share is named once
        first: dict[tuple[int, str], Finding] = {}
        for finding in every:
            first.setdefault((finding.line, finding.statement), finding)
        return tuple(first.values())

    @property
    def first(self) -> Finding | None:
        """The first wrong line of the file, else one that only changes what is the caller's, else the first unfinished
        one; None if nothing is wrong."""
        last = ("input_changed", "not_finished")
        return min(self.all_findings, key=lambda f: last.index(f.kind) + 1 if f.kind in last else 0, default=None)

    @property
    def status(self) -> str:
        """The worst verdict: a fault of the tool, wrong, not finished, not finished in time, right, refused, not
        examined."""
        statuses = {function.status for function in self.functions}
        if FAULT in statuses:
            return FAULT
        if self.findings or WRONG in statuses:
            return WRONG
        return next((status for status in (UNFINISHED, LATE, RIGHT, REFUSED) if status in statuses), UNKNOWN)

    @property
    def score(self) -> float:
        """The mean over the layers that courses know, of each the mean of its functions' scores. Layers that only their
        author knows are held against themselves: the worst of them counts, where it lowers the mean or is all there is.
        0 where nothing could be run.
        """
        examined = [function for function in self.functions if function.is_judged]
        layers: dict[str, list[float]] = {}
        for function in examined:
            if not function.own:
                layers.setdefault(function.layer, []).append(function.score)
        means = [sum(scores) / len(scores) for scores in layers.values()]
        worst = min((function.score for function in examined if function.own), default=None)
        mean = sum(means) / len(means) if means else 1.0 if worst is not None else 0.0
        return mean if worst is None else min(mean, (sum(means) + worst) / (len(means) + 1))

    def to_dict(self) -> dict[str, Any]:
        record = {**asdict(self), "status": self.status, "score": self.score}
        record["functions"] = [function.to_dict() for function in self.functions]
        record["findings"] = [finding.to_dict() for finding in self.findings]
        del record["seconds"]
        return record

    def under(self, path: str, name: str) -> FileReport:
        """The same report on the same text under another path."""
        functions = tuple(
            replace(its, findings=tuple(replace(found, file=name) for found in its.findings)) for its in self.functions
        )
        return replace(
            self, file=path, functions=functions, findings=tuple(replace(found, file=name) for found in self.findings)
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FileReport:
        return cls(
            data["file"],
            tuple(FunctionReport.from_dict(item) for item in data["functions"]),
            tuple(Finding.from_dict(item) for item in data["findings"]),
            tuple(data["notes"]),
            cut_short=data.get("cut_short", False),
        )
