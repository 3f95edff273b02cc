"""Finds what is computed more than once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Name, Named, NamedTuple, Operation, Shape, Variable


def same_computations(nodes: Iterable[Node]) -> dict[Node, Node]:
    """For every node, the first of `nodes` that computes the same."""
    first: dict[Node, Node] = {}
    known: dict[Any, Node] = {}
    for node in nodes:
        first[node] = node if node.primitive is None else known.setdefault(_computation(node, first), node)
    return first


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
        if isinstance(value, Name | Variable):
            return value
        if isinstance(value, Shape):
            return value.node
        if isinstance(value, tuple | list):
            return tuple(map(identity, value))
        if isinstance(value, slice):
            return slice, identity((value.start, value.stop, value.step))
        return id(value) if isinstance(value, np.ndarray) else (type(value), repr(value))

    return node.primitive, identity(node.args), identity(tuple(sorted(node.kwargs.items())))
