"""Rows about loops: their heads, what goes round, and what a round hands back."""

from __future__ import annotations

from collections.abc import Container, Iterator

from backpropviz.show.layout import Row
from backpropviz.show.numerals import counted
from backpropviz.show.records import CarriedView, LoopView, TermView, TraceView
from backpropviz.show.rows import RED, RED_NAME
from backpropviz.show.tables.cells import Line


def loop_text(loop: LoopView) -> str:
    """`for t in range(T):  6 rounds, shown: t = 0`."""
    text = f"{loop.head}:  {loop.times} round{'' if loop.times == 1 else 's'}"
    if not loop.expanded:
        text += f", shown: {loop.shown}"
    if loop.others:
        text += f" ({counted(loop.others)} of them make{'s' * (loop.others == 1)} other steps)"
    return text


def sent_by(term: TermView, gradient: str) -> Line:
    """A term that rounds send of which no one, or only one, is shown: `dw[f] += dsum * patch  in each of 48 rounds`."""
    alone = term.name == gradient
    many = str(term.rounds)[0].isdigit()
    if term.formula is None:
        return [(term.name, RED_NAME), (f"  {'from' if not many else 'added up in'} {term.rounds}", "caption")]
    target, plus, code = term.formula.partition(" += ")
    line: Line = [(target, RED_NAME), (plus + code, RED)] if plus else [(term.formula, RED)]
    if not alone:
        line = [(f"{term.name}: ", RED_NAME), *line]
    return [*line, (f"  in each of {term.rounds}{term.shown and f', shown: {term.shown}'}", "caption")]


def handed_text(each: CarriedView) -> Line:
    """The gradient that a round hands to the round before it."""
    if each.handed is None:
        return []
    return [(f"d{each.before_name}", RED_NAME), (f" = {each.formula}", RED), ("  to the round before", "caption")]


def carried_rows(loop: LoopView, steps: Container[str]) -> Iterator[Row]:
    """The values that the round shown takes over and hands on; `steps` are the names of those that are shown anyway."""
    for each in loop.carried:
        before: Line = [(each.before_name, "name"), ("  before the round", "caption")]
        after: Line = [(each.after_name, "name"), ("  after it", "caption")]
        yield Row("↻", [before], str(each.before.shape), each.before)
        if each.after_name not in steps:
            yield Row("", [after], str(each.after.shape), each.after, opens=False)


def handed_rows(loop: LoopView) -> Iterator[Row]:
    """The gradients that the round shown hands to the round before it, and those that it adds to."""
    for each in loop.carried:
        if each.handed is not None:
            yield Row("↺", [handed_text(each)], str(each.handed.shape), each.handed, RED)
    for total in loop.added:
        before: Line = [(total.name, RED_NAME), ("  from the rounds after", "caption")]
        after: Line = [(total.name, RED_NAME), ("  with this round's share", "caption")]
        yield Row("↺", [before], str(total.before.shape), total.before, RED)
        yield Row("", [after], str(total.after.shape), total.after, RED, opens=False)


def turning(view: TraceView, around: tuple[int, ...], to: tuple[int, ...]) -> Iterator[Row]:
    """On the way back: what loops that are left hand on, and the heads of those that are entered."""
    for index in reversed([index for index in around if index not in to]):
        yield from handed_rows(view.loops[index])
    for depth, index in enumerate(to):
        if index not in around and not view.loops[index].expanded:
            loop = view.loops[index]
            text: Line = [(loop_text(loop), "name"), (", from the last to the first", "caption")]
            yield Row(loop.label, [text], spans=True, indent=2 * depth, opens=not depth)
