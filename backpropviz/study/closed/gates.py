"""Functions of one number within a forward pass: `x * s` with `s = 1 / (1 + np.exp(-x))`, entry by entry.

What goes into such a gate and what comes out is at hand in every spelling of it; what stands on the way is not, be it
`np.exp(-x)`, `1 + np.exp(x)` or a tanh. A backward pass that reads it pays one operation, so that a closed form depends
on the function and not on how it was written.
"""

from __future__ import annotations

from collections import defaultdict

from backpropviz.engine.graph import Node
from backpropviz.engine.sharing import same_computations
from backpropviz.engine.trace import Trace


def within_gates(trace: Trace) -> set[Node]:
    """The values on the way through a gate: functions of one value's entries that only that gate reads.

    Where a gate is a chain up to a value that several read, it ends there: `s` in `t * log(s) + (1 - t) * log(1 - s)`.
    """
    first = same_computations(trace.nodes)
    readers: dict[Node, set[Node]] = defaultdict(set)
    for node in trace.nodes:
        for parent in node.parents:
            readers[first[parent]].add(first[node])
    source: dict[Node, Node] = {}
    chains = set[Node]()
    for node in dict.fromkeys(first.values()):
        parents = {first[parent] for parent in node.parents}
        sources = {source[parent] for parent in parents}
        is_gate = node.primitive is not None and node.primitive.elementwise and len(sources) == 1
        source[node] = sources.pop() if is_gate and all(p.shape == node.shape for p in parents) else node
        if all(len(readers[parent]) == 1 and (parent in chains or source[parent] is parent) for parent in parents):
            chains.add(node)
            if len(readers[node]) > 1:
                source[node] = node
    outputs = {first[node] for node in trace.outputs}
    found = {
        node
        for node in source
        if source[node] is not node and node not in outputs and {source[r] for r in readers[node]} == {source[node]}
    }
    return {node for node in trace.nodes if first[node] in found}
