"""What of a run its outputs need: the rest, tests and measurements, is no part of derived code."""

from __future__ import annotations

from typing import Any

from backpropviz.engine.graph import Loop, Node, Round, ancestors
from backpropviz.engine.trace import Trace


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
