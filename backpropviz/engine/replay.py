"""Runs a recording again into the arrays it already owns, recomputing only what depends on what changed.

Allocation is most of the cost of a traced run, so gradient checks, training and what-ifs all go through a plan: the
calls downstream of some nodes, each writing into the array its node made the first time. Views need no call at all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node
from backpropviz.engine.tracing import bare

Call = Callable[[], Any]


def downstream(nodes: Iterable[Node], changed: set[Node]) -> list[Node]:
    """The nodes, in order, whose value depends on one of `changed`."""
    reached = set(changed)
    result = []
    for node in nodes:
        if node not in changed and not reached.isdisjoint(node.parents):
            reached.add(node)
            result.append(node)
    return result


class Plan:
    """The calls that bring everything downstream of `sources` up to date.

    Args:
        nodes: a recording's nodes in order; a red graph's may follow.
        sources: the nodes whose arrays will be changed by hand.

    After writing into `buffer(source)`, call the plan: `plan()`.
    """

    def __init__(self, nodes: Iterable[Node], sources: Iterable[Node]):
        sources = list(sources)
        # A source that is a view gets an array of its own, or changing it would change its parent too.
        self._buffers: dict[Node, Array] = {
            node: np.array(node.value) for node in sources if node.is_view or not node.value.flags.writeable
        }
        self.nodes = downstream(nodes, set(sources))
        self._calls = [call for call in map(self._compile, self.nodes) if call is not None]

    def buffer(self, node: Node) -> Array:
        """The array this plan reads or writes for `node`."""
        return self._buffers.get(node, node.value)

    def _compile(self, node: Node) -> Call | None:
        assert node.primitive is not None
        args, kwargs = bare(node.args, self.buffer), bare(node.kwargs, self.buffer)
        out = node.value
        if node.is_view:
            view = np.asarray(node.primitive.run(*args, **kwargs))
            if any(np.may_share_memory(view, self.buffer(parent)) for parent in node.parents):
                self._buffers[node] = view
                return None
            self._buffers[node] = out = out.copy()
        if node.primitive.into is not None:
            return functools.partial(node.primitive.into, *args, **kwargs, out=out)
        return functools.partial(_copy_into, out, node.primitive.run, args, kwargs)

    def __call__(self) -> None:
        for call in self._calls:
            call()


def _copy_into(out: Array, run: Callable[..., Any], args: Any, kwargs: Any) -> None:
    np.copyto(out, run(*args, **kwargs))
