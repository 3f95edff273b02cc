"""Functions of one number within a forward pass: `x * s` with `s = 1 / (1 + np.exp(-x))`, entry by entry.

What goes into such a gate and what comes out is at hand in every spelling of it; what stands on the way is not, be it
`np.exp(-x)`, `1 + np.exp(x)` or a tanh. A backward pass that reads it pays one operation, so that a closed form depends
on the function and not on how it was written.
"""

from __future__ import annotations

from collections import defaultdict

from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace


def within_gates(trace: Trace) -> set[Node]:
    """The values on the way through a gate: functions of one value's entries that only that gate reads."""
    source: dict[Node, Node] = {}
    readers: dict[Node, set[Node]] = defaultdict(set)
    for node in trace.nodes:
        sources = {source[parent] for parent in node.parents}
        is_gate = node.primitive is not None and node.primitive.elementwise and len(sources) == 1
        source[node] = sources.pop() if is_gate and all(p.shape == node.shape for p in node.parents) else node
        for parent in node.parents:
            readers[parent].add(node)
    return {
        node
        for node in trace.nodes
        if source[node] is not node
        and node not in trace.outputs
        and all(source[reader] is source[node] for reader in readers[node])
    }
