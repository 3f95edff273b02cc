"""What came out of one run: values beside the right ones, exceptions, refusals, gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.course.record import Case

TOLERANCE = 1e-6  # of the largest entry; what is closer is right
GUARDED = 1e-4  # the same where a small number keeps a logarithm from its pole, which no gradient takes account of


ROUNDING = 1e-9  # what float64 reaches easily; between the two lies float32


@dataclass(frozen=True)
class Failure:
    """An exception from the student's code: where, and what; `calls` lead to it, as (function, line)."""

    type: str
    message: str
    function: str
    line: int
    is_backward: bool
    calls: tuple[tuple[str, int], ...] = ()


@dataclass
class Cell:
    """One thing that was checked in one configuration. `want` is None where any honest value would do; `kind` is what
    sort of mistake the trouble stands for."""

    ok: bool
    got: Any = None
    want: Any = None
    trouble: str = ""
    kind: str = "wrong_value"

    @property
    def fits(self) -> bool:
        """It has the shape that it should have."""
        return bool(np.shape(self.got) == np.shape(self.want))


@dataclass
class Outcome:
    """What one configuration gave.

    Attributes:
        cells: by name: outputs ("out"), running statistics, gradients ("dx"), "x unchanged", "dx again".
        failure: the exception that ended it. refused: the student asserts that this configuration is not wanted.
        missing: something from a missing module was needed. rounds: how much work it was.
    """

    case: Case
    cells: dict[str, Cell] = field(default_factory=dict)
    failure: Failure | None = None
    refused: bool = False
    missing: str = ""
    unfinished: str = ""
    rounds: int = 0

    def wrong(self) -> set[str]:
        return {name for name, cell in self.cells.items() if not cell.ok}

    def is_misshapen(self, cells: set[str]) -> bool:
        """It fails, or one of these has another shape than it should."""
        if self.failure is not None:
            return self.failure.type in ("ValueError", "IndexError", "TypeError")
        wrong = [cell for name, cell in self.cells.items() if name in cells and not cell.ok]
        return any(isinstance(cell.got, np.ndarray) and not cell.fits for cell in wrong)


def all_right(outcomes: list[Outcome]) -> bool:
    """Nothing is wrong in any of them, missing or unfinished."""
    return not any(o.wrong() or o.missing or o.unfinished or (o.failure and not o.refused) for o in outcomes)


def difference(got: Any, want: Any) -> float:
    """The largest difference as a share of the largest right entry; inf where shapes or kinds disagree."""
    if isinstance(got, np.ma.MaskedArray | np.matrix):
        return float("inf")
    try:
        array = np.asarray(got)
    except ValueError:
        return float("inf")
    if array.shape != want.shape or array.dtype.kind not in "fiub":
        return float("inf")
    if not array.size:
        return 0.0
    with np.errstate(all="ignore"):
        gap = float(np.abs(np.subtract(array, want, dtype=float)).max())  # masks have no difference of their own
    scale = float(np.abs(want).max())
    return gap / scale if scale > 1e-300 else gap if np.isfinite(gap) else float("inf")


def check(got: Any, want: Any, tolerance: float = TOLERANCE) -> Cell:
    """A cell for a value with one right answer."""
    if got is None:
        return Cell(False, got, want, "None", "not_finished")
    gap = difference(got, want)
    return Cell(bool(gap <= tolerance), got, want)
