"""What a gradient check found, as plain records."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kink:
    """An entry near which the function has no single derivative, or none that differences can tell."""

    index: tuple[int, ...]
    where: str


@dataclass(frozen=True)
class Check:
    """The verdict on one gradient.

    Attributes:
        name: the input or step; `step` is the step's label, empty for inputs.
        entries: how many entries were moved, of `size`; 0 and one of the random `directions` for a fast check.
        error: the largest relative error, |analytic - numeric| / max(|analytic|, |numeric|, floor).
        index: where that is; None for a random direction.
        analytic, numeric: the two values there.
        kinks: entries that lie on a kink, left out of the verdict.
        unchecked: entries near which the differences are not finite, or rounding hides them, left out too.
        infinite: entries whose gradient is inf or nan. No difference can say whether that is right; whoever
            descends along it is lost, so the check has not passed.
        held: values that the layer holds constant (`stop_gradient`) and that were held while its inputs moved.
    """

    name: str
    step: str
    shape: tuple[int, ...]
    size: int
    entries: int
    directions: int
    error: float
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    passed: bool
    kinks: list[Kink] = field(default_factory=list)
    unchecked: list[Kink] = field(default_factory=list)
    infinite: list[Kink] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """How many of the moves prove nothing, as a gradient or its differences are not to be had."""
        return len(self.unchecked) + len(self.infinite)

    @property
    def nothing(self) -> bool:
        """Whether no move could be checked."""
        return self.left_out == self.entries + self.directions


@dataclass(frozen=True)
class Report:
    """All checks of one layer, inputs first; `rounds` says which round of its loops the steps are from.

    `notes` tell of gradients that are right, but would be whatever the code says.
    """

    function: str
    tolerance: float
    step_size: float
    checks: list[Check]
    rounds: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether no entry could be checked."""
        return all(check.nothing for check in self.checks)

    @property
    def passed(self) -> bool:
        return not self.empty and all(check.passed and not check.infinite for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        return {"format": "backpropviz/gradcheck", "version": 1, "passed": self.passed, **asdict(self)}
