"""Runs a recording again into the arrays it already owns, recomputing only what depends on what changed.

Allocation is most of the cost of a traced run, so gradient checks, training and what-ifs all go through a plan: the
calls downstream of some nodes, each writing into the array its node made the first time. Views need no call at all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node, bare, flatten
from backpropviz.engine.versions import Deferred, Versions, writing
from backpropviz.errors import InputError
from backpropviz.primitives.shapes import TAKE

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

    Attributes:
        calls: what it does, in order.
        can_fail: some value may come out in another shape.
        is_plain: no source had to get an array of its own, and nothing is changed in place.
    """

    def __init__(self, nodes: Iterable[Node], sources: Iterable[Node]):
        sources = list(sources)
        # A source that shares its array gets one of its own, or changing it would change the others too.
        self._buffers: dict[Node, Array] = {}
        for node in sources:
            if isinstance(node.memory, Deferred):
                node._value, node.memory = node.value, None
            shared = node.is_view or isinstance(node.memory, Versions)
            if shared or not node.value.flags.writeable:
                self._buffers[node] = np.array(node.value)
        moved = bool(self._buffers)
        self.nodes = downstream(nodes, set(sources))
        self._begun: set[Versions] = set()
        self.can_fail = False
        self.calls = [call for node in self.nodes for call in self._compile(node)]
        self.is_plain = not (moved or self._begun)

    def buffer(self, node: Node) -> Array:
        """The array this plan reads or writes for `node`."""
        if node in self._buffers:
            return self._buffers[node]
        if isinstance(node.memory, Versions) and node.memory in self._begun:
            # read in its turn: before the next version is written
            return node.memory.array if node._value is None else node._value
        return node.value

    def place(self, node: Node) -> Array:
        """The array that a node's value is written into."""
        return node.value

    def _compile(self, node: Node) -> Iterator[Call]:
        assert node.primitive is not None
        if isinstance(node.memory, Deferred):
            return  # what it adds to is written without it
        if isinstance(node.memory, Versions):
            if node.memory not in self._begun or node.args[0] in self._buffers:
                yield from self._begin(node.memory, node)
            yield from self._write(node.memory, node)
            return
        args, kwargs = bare(node.args, self.buffer), bare(node.kwargs, self.buffer)
        out = self.place(node)
        if node.is_view:
            view = np.asarray(node.primitive.run(*args, **kwargs))
            if any(np.may_share_memory(view, self.buffer(parent)) for parent in node.parents):
                self._buffers[node] = view
                return
            self._buffers[node] = out = out.copy()
        if node.primitive.into is not None:
            yield functools.partial(node.primitive.into, *args, **kwargs, out=out)
        else:
            self.can_fail |= not _picks_at_numbers(node)
            yield functools.partial(_copy_into, out, node.primitive.run, args, kwargs)

    def _begin(self, memory: Versions, until: Node) -> Iterator[Call]:
        """Bring an array that is changed in place back to where it was before the version `until`."""
        self._begun.add(memory)
        before = memory.nodes[: memory.nodes.index(until)]
        # what is moved by hand is where it starts from; the versions before that do not count
        first = max((at + 1 for at, node in enumerate(before) if node in self._buffers), default=0)
        base = memory.nodes[first].args[0]
        yield functools.partial(np.copyto, memory.array, self.buffer(base) if isinstance(base, Node) else base)
        for node in before[first:]:
            yield self._writing(memory, node)

    def _writing(self, memory: Versions, node: Node) -> Call:
        write, index, value = writing(node, self.buffer)
        return functools.partial(write, memory.array, index, value)

    def _write(self, memory: Versions, node: Node) -> Iterator[Call]:
        yield self._writing(memory, node)
        if node._value is not None and node._value is not memory.array:
            yield functools.partial(np.copyto, node._value, memory.array)

    def __call__(self) -> None:
        for call in self.calls:
            call()


def _picks_at_numbers(node: Node) -> bool:
    """Whether it is `x[i]` for numbers, and arrays of them: how many entries there are depends on no value then."""
    return node.primitive is TAKE and all(part.outline.dtype.kind != "b" for part in flatten(node.args[1]))


def _copy_into(out: Array, run: Callable[..., Any], args: Any, kwargs: Any) -> None:
    value = np.asarray(run(*args, **kwargs))
    if value.shape != out.shape:
        raise InputError(
            f"a value has shape {value.shape} here, but was recorded with {out.shape}: shapes depend on values",
            fix="Trace again for these inputs.",
        )
    np.copyto(out, value)
