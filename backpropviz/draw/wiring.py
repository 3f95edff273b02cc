"""The circuit of a trace: which groups are closed, which loops folded, which steps left out, so that it reads well."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from backpropviz.draw.boxes import upward
from backpropviz.draw.circuit import Circuit
from backpropviz.draw.reader import Reader
from backpropviz.draw.stretches import elided_rounds, elided_steps
from backpropviz.engine.graph import Group, Node
from backpropviz.engine.keeping import uncollected
from backpropviz.errors import DrawingError

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace

READABLE = {False: 24, True: 150}
"""How many vertices, without and with operations, a picture may have before groups start closed."""
LONG = 300  # vertices; of a longer function, the steps in the middle are one card
MOST = 4000  # vertices of a picture


@uncollected()
def read_circuit(
    trace: Trace,
    ops: bool = False,
    expand: Collection[str] = (),
    closed: bool = False,
    most: int = MOST,
    rounds: bool = False,
) -> Circuit:
    """The picture of a trace, step by step or, with `ops`, operation by operation.

    Args:
        closed: close the groups, unless some are to be expanded, and of loops whose rounds differ all but the first.
        most: so many vertices at most.
        rounds: draw every round of the loops, however many; without it, a loop is drawn once.
        expand: the groups to open, by function or by the name their result was assigned to, and those around them; the
            others are closed. Without any, all are open unless that makes more vertices than are `READABLE`.

    Raises:
        DrawingError: there is no such group, or there are too many vertices to draw.
    """
    known = {name: None for group in trace.groups for name in (group.name, group.function) if name}
    for name in expand:
        if name not in known:
            fix = f"The groups are {', '.join(known)}." if known else f"{trace.function} calls no function of yours."
            raise DrawingError(f"no group of steps is called {name!r}", fix=fix)
    folded = None
    if trace.loops and not rounds:
        from backpropviz.code.folding import fold  # what only loops need

        folded = fold(trace)
        trace = trace if folded is None else folded.program.trace
    wanted = [group for group in trace.groups if not expand or {group.name, group.function} & set(expand)]
    opened = {above for group in wanted for above in upward(group)}
    reader = Reader(trace, ops, opened, folded)
    if not expand and (closed or len(reader.keys) > READABLE[ops]):
        rest = elided_rounds(trace, 1, 0, 1) if trace.loops and reader.fold is None and not rounds else {}
        reader = Reader(trace, ops, set(), reader.fold, rest)
    if rounds and len(reader.keys) > READABLE[ops]:
        stretches = elided_rounds(trace)
        reader = Reader(trace, ops, opened, stretches=stretches) if stretches else reader
    if len(reader.keys) > min(LONG, most) and reader.fold is None:
        shown = {key.step if isinstance(key, Node) else key for key in reader.keys if not isinstance(key, Group)}
        reader = Reader(trace, ops, opened, stretches=elided_steps(trace, shown))
    if len(reader.keys) > most:
        raise DrawingError(
            f"a picture of {len(reader.keys)} cards cannot be read",
            fix="Move parts of the function into functions of their own: they are drawn as one card each.",
        )
    return reader.read()
