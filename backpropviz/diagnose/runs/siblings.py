"""What the pairs of functions of one file know of one another."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.verdict import Finding


@dataclass(frozen=True)
class Repaired:
    """A function with its proved repairs in place, and what was found in it: other functions may call it."""

    definition: ast.FunctionDef
    findings: tuple[Finding, ...]


def functions_of(program: Program, pair: Pair) -> set[str]:
    """The functions of a pair, and what they call."""
    return {pair.forward, pair.name} | program.called_by(pair.forward) | program.called_by(pair.name)


@dataclass
class Siblings:
    """What the pairs of a file know of one another.

    Attributes:
        repaired: functions with proved repairs: what calls them is not to blame.
        right: pairs that are right as they stand. consistent: those whose gradients are right for their own forward
            passes, about which nothing is known. found: the wrong lines that were found so far.
        examined: every pair with what came out of it: a repair must not make any of them worse.
    """

    repaired: dict[str, Repaired] = field(default_factory=dict)
    right: list[Examination] = field(default_factory=list)
    consistent: list[Examination] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    examined: list[tuple[Examination, list[Outcome]]] = field(default_factory=list)

    def trusted(self, program: Program, on: Pair) -> set[str]:
        """The functions of the pairs that are right, and what those call; where the forward pass of `on` is right
        whatever it computes, those of consistent ones are as good."""
        found: set[str] = set()
        for examination in (*self.right, *(self.consistent if on.layer.is_own else ())):
            pair = examination.pair
            its = program.student.wrapped.get(pair.forward)
            if its is not None:  # of methods, those of this class
                found |= {pair.forward, pair.name, its.forward, its.backward}
            else:
                found |= functions_of(program, pair) if examination in self.right else {pair.forward, pair.name}
        return found

    def broken_by_now(self, program: Program, function: str, on: Pair) -> bool:
        """Whether another pair than `on`, of those that call this function, has come out worse than before."""
        for examination, before in self.examined:
            pair = examination.pair
            if (pair.forward, pair.backward) == (on.forward, on.backward):
                continue
            if function in functions_of(program, pair) and any(map(_worse, before, examination.run_all())):
                return True
        return False


def _worse(before: Outcome, after: Outcome) -> bool:
    """Something that was right is not any more, or it fails where it did not."""
    newly = {cell for cell in after.wrong() - before.wrong() if not cell.endswith(" again")}
    return bool(newly) or (after.failure is not None and before.failure is None)
