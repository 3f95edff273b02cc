"""Long runs of steps as one card each: what a picture leaves out between the first and the last.

Forty rounds of a loop side by side, or ten thousand assignments one after the other, cannot be read. Of a loop the
first two rounds and the last are drawn, of a long function its first and last steps; what is between is a card that
says how much it stands for.
"""

from __future__ import annotations

from collections.abc import Collection

from backpropviz.engine.graph import Group, Loop, Node, Round, Step
from backpropviz.engine.rounds import describe, outwards
from backpropviz.engine.trace import Trace

FIRST, LAST = 2, 1  # rounds of a loop that are drawn
ENDS = 8  # steps at each end of a long function
FEW = 3  # rounds that are drawn all the same


def elided_rounds(trace: Trace, first: int = FIRST, last: int = LAST, few: int = FEW) -> dict[Node, Group]:
    """The nodes of rounds between the first and the last, with the card that stands for them, if they are not few.

    Of loops within loops all rounds of the innermost count, one after the other.
    """
    found: dict[Node, Group] = {}
    around = {loop.outer for loop in trace.loops}
    innermost: dict[Loop, list[Round]] = {}  # by the loop around all
    for loop in trace.loops:
        rounds = [each for each in loop.rounds if each not in around and each.steps]
        if rounds:
            innermost.setdefault(outwards(rounds[0])[0].loop, []).extend(rounds)
    for number, rounds in enumerate(innermost.values(), 1):
        between = sorted(rounds, key=lambda each: each.steps.start)[first : len(rounds) - last]
        if len(between) > few:
            start, end = _where(between[0]), _where(between[-1])
            end = end if "," in end else end.rpartition(" = ")[2]
            card = _card(f"rounds_{number}", f"{len(between)} more rounds: {start} to {end}")
            steps = trace.steps[between[0].steps.start : between[-1].steps.stop]
            found.update((node, card) for step in steps for node in step.nodes)
    return found


def _where(round_: Round) -> str:
    """`n = 0, i = 2`: a round, and those around it."""
    return ", ".join(map(describe, outwards(round_)))


def elided_steps(trace: Trace, drawn: Collection[Step | None]) -> dict[Node, Group]:
    """The nodes of all steps between the first and the last of those that are drawn, with the card for them."""
    steps = [step for step in trace.steps if step in drawn]
    between = steps[ENDS : len(steps) - ENDS]
    if not between:
        return {}
    card = _card("steps_between", f"{len(between):,} more steps: {between[0].label} to {between[-1].label}")
    return {node: card for step in between for node in step.nodes}


def _card(label: str, code: str) -> Group:
    return Group(label, code, None, code)
