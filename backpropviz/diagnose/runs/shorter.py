"""Runs no more of a pair than what is looked at: a search runs it thousands of times.

Where outputs are wrong, the forward pass alone; where gradients are and a line of the backward pass is changed, that
alone, from what the forward pass left behind once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs.examine import CALL_ROUNDS, Examination
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.passed import Passed, is_behind
from backpropviz.diagnose.student.recorder import Recorder


class Shorter:
    """One pair, of which `cells` are looked at. It is made anew where the program has changed."""

    def __init__(self, examination: Examination, cells: Collection[str]):
        self.examination = examination
        layer = examination.pair.layer
        self.forward_only = not layer.is_loss and {*cells} <= {*layer.outputs, "running_mean", "running_var"}
        self._behind: dict[str, bool] = {}
        self._passed: dict[int, Passed | None] = {}

    def run(
        self, functions: Collection[str], case: Case, right: Reference, recorder: Recorder | None = None,
        rounds: int = CALL_ROUNDS,
    ) -> Outcome:  # fmt: skip
        """What comes out where these functions are changed, or report to `recorder`."""
        examination, passed = self.examination, None
        if self.forward_only:
            case = replace(case, forward_only=True)
        elif all(map(self.is_behind, functions)):
            passed = self._left(case, right)
        recorded = examination.program.recorded(recorder, functions) if recorder else contextlib.nullcontext()
        with recorded:
            return examination.run(case, right, recorder, rounds, passed)

    def is_behind(self, function: str) -> bool:
        """It runs behind the forward pass only."""
        if function not in self._behind:
            self._behind[function] = is_behind(self.examination.program, self.examination.pair, function)
        return self._behind[function]

    def _left(self, case: Case, right: Reference) -> Passed | None:
        if id(case) not in self._passed:
            self._passed[id(case)] = self.examination.passed(case, right)
        return self._passed[id(case)]
