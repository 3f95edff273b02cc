"""What the pairs of functions of one file know of one another."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from backpropviz.diagnose.examine import Examination, all_right
from backpropviz.diagnose.pairs.recognition import Pair
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
        right: pairs that are right as they stand: a repair of a function that they call must leave them so.
    """

    repaired: dict[str, Repaired] = field(default_factory=dict)
    right: list[Examination] = field(default_factory=list)

    def trusted(self, program: Program) -> set[str]:
        """The functions of the pairs that are right, and what those call."""
        found: set[str] = set()
        for pair in (examination.pair for examination in self.right):
            found |= functions_of(program, pair)
        return found

    def broken_by_now(self, program: Program, function: str) -> bool:
        """Whether a pair that was right is wrong as the program stands now, among those that call this function."""
        for examination in self.right:
            pair = examination.pair
            if function in functions_of(program, pair) and not all_right(examination.run_all()):
                return True
        return False
