"""What of a run its outputs need: the rest, tests and measurements, is no part of derived code."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.engine.graph import Loop, Node, Round, ancestors
from backpropviz.engine.rounds import outwards
from backpropviz.engine.trace import Trace
from backpropviz.primitives.record import PRIMITIVES

STACK = PRIMITIVES[np.stack]


def used_nodes(trace: Trace, shown: bool) -> set[Node]:
    """The nodes that outputs need, and their like in other rounds; with `shown`, also what has a name."""
    kept = with_like(trace, ancestors([*trace.outputs])) | {*trace.inputs.values()}
    return kept | ancestors([step.node for step in trace.steps]) if shown else kept


def used_rounds(trace: Trace, kept: set[Node]) -> dict[Loop, list[Round]]:
    """For every loop that computes, the rounds in which it makes something of `kept`.

    What is asked of a loop's variables alone (`if i % 2: continue`) leaves rounds in which nothing is made. What a last
    round did before it was left by a `break` may be of no use any more.
    """
    nodes = trace.nodes
    needed = ancestors([*trace.outputs])
    found = {}
    for loop in trace.loops:
        if not any(nodes[at].primitive is not None for round_ in loop.rounds for at in round_.nodes):
            continue
        rounds = [round_ for round_ in loop.rounds if any(nodes[at] in kept for at in round_.nodes)]
        if loop.left_early and rounds and not any(nodes[at] in needed for at in rounds[-1].nodes):
            rounds.pop()
        found[loop] = rounds
    return found


def rows_joined_late(
    trace: Trace, kept: set[Node], rounds_of: dict[Loop, list[Round]], unrolled: frozenset[Any]
) -> dict[Round, list[Node]]:
    """The rows of nested lists, `np.array([[... for j in ...] for i in ...])`, by the round that made what is in each.

    They are recorded after the loops, where the array is made. A row is one if each round has its own.
    """
    stacks = [node for node in trace.nodes if node.primitive is STACK and node in kept]
    if not stacks:
        return {}
    around: dict[Node, Round] = {}
    for loop in trace.loops:  # those within others come later
        for round_ in loop.rounds if loop.site not in unrolled else ():
            around.update(dict.fromkeys(trace.nodes[round_.nodes.start : round_.nodes.stop], round_))
    found: dict[Round, list[Node]] = {}
    for node in stacks:
        operands = [outwards(around.get(parent)) for parent in node.parents]
        same = (rounds[0] for rounds in zip(*operands) if len({*rounds}) == 1)
        shared = [round_ for round_ in same if round_.loop.site not in unrolled]
        if len(shared) > len(outwards(around.get(node))):
            found.setdefault(shared[-1], []).append(node)
            around[node] = shared[-1]
    numbers = {round_: {len(found.get(each, ())) for each in rounds_of[round_.loop]} for round_ in found}
    return {round_: rows for round_, rows in found.items() if len(numbers[round_]) == 1}


def with_like(trace: Trace, used: set[Node]) -> set[Node]:
    """Nodes, and those that the same code made in other rounds: what a last round prepares for the next is not used."""
    if not trace.loops:
        return used
    made: dict[Any, list[Node]] = {}
    for step in trace.steps:
        times: dict[Any, int] = {}
        for node in step.nodes:
            times[node.primitive] = number = times.get(node.primitive, 0) + 1
            made.setdefault((step.file, step.line, step.written, node.primitive, number), []).append(node)
    alike = (nodes for nodes in made.values() if any(node in used for node in nodes))
    return used | {node for nodes in alike for node in nodes}
