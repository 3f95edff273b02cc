"""Repairs that were found, and which is the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Suspect
from backpropviz.diagnose.search.locally import FACTORS

CLEAN = 3.0  # what it counts that an edit of the forward pass makes the backward pass right too


SEVERAL, ELSEWHERE = 0.8, 0.5  # one line that mends everything is better than several


@dataclass
class Hit:
    """An edit that mends something and breaks nothing.

    Attributes:
        cost: the line's suspicion plus the edit's. mended: cells that are right in every case where they were wrong.
        complete: nothing is wrong any more in the stage that was looked at. clean: nor anywhere else.
    """

    suspect: Suspect
    edit: Edit
    cost: float
    mended: frozenset[str]
    cases: tuple[int, ...]
    complete: bool
    clean: bool
    outcomes: list[Outcome]

    @property
    def worth(self) -> tuple[Any, ...]:
        return self.complete, self.clean, self.mended

    @property
    def rank(self) -> tuple[float, ...]:
        several = SEVERAL * bool(self.edit.parts)
        # a reshape is forgotten where the gradient gets its name
        elsewhere = ELSEWHERE * (self.edit.kind == "shape_kept" and not self.mended & {*self.suspect.statement.targets})
        cost = self.cost + several + elsewhere - CLEAN * self.clean
        # a factor is put where it takes fewest words; what stands on a line of its own takes more, and is as likely
        words = self.edit.added if self.edit.kind in FACTORS else 0
        return (-self.complete, -len(self.mended), cost, words, self.suspect.order)
