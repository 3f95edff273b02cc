"""Repairs that were found, and which is the best of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Suspect
from backpropviz.diagnose.search.locally import FACTORS
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.verdict import Finding

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


def taken_back(
    findings: list[Finding], partly: Mapping[int, tuple[str, ...]], left: Finding, program: Program
) -> list[Finding]:
    """The findings without the proofs that mended a part of a value which is wrong all the same.

    With `grad = layer.backward(dout)` the gradients of the last layer come out right, whatever the order of the layers.

    Args:
        partly: of the findings whose repair mended something, not everything, what their lines assign, by place in the
            list. left: what no repair mends.
    """
    if left.function not in program.definitions:
        return findings
    still = {name for its in program.statements(left.function) if its.line == left.line for name in its.targets}
    doubted = {i for i, names in partly.items() if findings[i].function == left.function and still & {*names}}
    unproved = [replace(finding, proved=False, expected="", instead=()) for finding in findings]
    return [unproved[i] if i in doubted else finding for i, finding in enumerate(findings)]
