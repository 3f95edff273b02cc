"""Finds what is computed more than once, and gives it a name, so that derived code computes it once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Name, Named, NamedTuple, Operation, Shape

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


def shared_names(trace: Trace) -> dict[Node, str]:
    """Names for unnamed nodes that the backward pass uses more than once.

    A node that repeats the computation of a named one goes by that name; others are numbered.
    """
    everything = (*trace.nodes, *trace.red.nodes)
    red = set(trace.red.nodes)
    first: dict[Node, Node] = {}  # for every node, the first one that computes the same
    known: dict[Any, Node] = {}
    named: dict[Node, Node] = {}
    for node in everything:
        first[node] = node if node.primitive is None else known.setdefault(_computation(node, first), node)
        if node.name:
            named.setdefault(first[node], node)
    uses: Counter[Node] = Counter()
    for node in {node if node.name else first[node]: None for node in _written_out(trace)}:
        uses.update(first[parent] for parent in node.parents)
    taken = trace.recording.taken() | {node.name for node in red}
    names: dict[Node, str] = {}
    inner = inner_names(trace)
    for node in everything:
        if node.name or node.primitive is None:
            continue
        same = named.get(first[node])
        if same is not None and not (same in red and same.index > node.index):  # written before it is needed here
            names[node] = str(same.name)
        elif first[node] in names:
            names[node] = names[first[node]]
        elif uses[first[node]] > 1 and not node.is_view:  # a view costs nothing to write out twice
            names[node] = fresh(inner.get(node, f"{node.primitive.name}_1"), taken)
    return names


def _written_out(trace: Trace) -> list[Node]:
    """The red nodes that lead to an input, and the unnamed forward nodes that their code spells out."""
    found: dict[Node, None] = {}
    red = set(trace.red.nodes)
    waiting = [node.gradient for node in trace.inputs.values() if node.gradient is not None]
    while waiting:
        node = waiting.pop()
        if node not in found and (node in red or not node.name):
            found[node] = None
            waiting.extend(node.parents)
    return list(found)


def inner_names(trace: Trace) -> dict[Node, str]:
    """What gradients of values without a name are called, by the step inside of which they stand: "ds_inner"."""
    return {
        node.gradient: f"d{node.step.name}_inner"
        for node in trace.nodes
        if node.gradient is not None and node.step is not None and not node.name
    }


def fresh(name: str, taken: set[Any]) -> str:
    """`name`, or the next free one after it: "sum_1", "sum_2"; "ds_inner", "ds_inner_2"."""
    stem, _, last = name.rpartition("_")
    stem, number = (stem, int(last)) if last.isdigit() else (name, 1)
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    taken.add(name)
    return name


def _computation(node: Node, first: dict[Node, Node]) -> Any:
    """What makes two nodes the same computation: the operation, and operands that are the same."""

    def identity(value: Any) -> Any:
        if isinstance(value, Node):
            return first[value]
        if isinstance(value, Named | NamedTuple):  # equal numbers may differ for other inputs
            return identity(value.expression)
        if isinstance(value, Operation):
            return value.symbol, identity(value.left), identity(value.right)
        if isinstance(value, Call):
            return value.function, identity(value.args)
        if isinstance(value, Dim):
            return value.node, value.axis
        if isinstance(value, Name):
            return value
        if isinstance(value, Shape):
            return value.node
        if isinstance(value, tuple | list):
            return tuple(map(identity, value))
        if isinstance(value, slice):
            return slice, identity((value.start, value.stop, value.step))
        return id(value) if isinstance(value, np.ndarray) else (type(value), repr(value))

    return node.primitive, identity(node.args), identity(tuple(sorted(node.kwargs.items())))
