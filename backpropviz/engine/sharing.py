"""Finds what is computed more than once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Name, Named, NamedTuple, Operation, Shape, Variable


def same_computations(nodes: Iterable[Node]) -> dict[Node, Node]:
    """For every node, the first of `nodes` that computes the same; operands that are not among them are themselves."""
    first: dict[Node, Node] = {}
    known: dict[Any, Node] = {}
    for node in nodes:
        first[node] = node if node.primitive is None else known.setdefault(_computation(node, first), node)
    return first


def _computation(node: Node, first: dict[Node, Node]) -> Any:
    """What makes two nodes the same computation: the operation, and operands that are the same."""
    args = [first.get(arg, arg) if type(arg) is Node else _identity(arg, first) for arg in node.args]
    if node.kwargs:
        args.append(_identity(tuple(sorted(node.kwargs.items())), first))
    return node.primitive, *args


_PLAIN = {int, float, bool, str, type(None)}


def _identity(value: Any, first: dict[Node, Node]) -> Any:
    if type(value) in _PLAIN:
        return type(value), repr(value)
    if isinstance(value, Node):
        return first.get(value, value)
    if isinstance(value, Named | NamedTuple):  # equal numbers may differ for other inputs
        return _identity(value.expression, first)
    if isinstance(value, Operation):
        return value.symbol, _identity(value.left, first), _identity(value.right, first)
    if isinstance(value, Call):
        return value.function, _identity(value.args, first)
    if isinstance(value, Dim):
        return value.node, value.axis
    if isinstance(value, Name | Variable):
        return value
    if isinstance(value, Shape):
        return value.node
    if isinstance(value, tuple | list):
        return tuple([_identity(item, first) for item in value])
    if isinstance(value, slice):
        return slice, _identity((value.start, value.stop, value.step), first)
    return id(value) if isinstance(value, np.ndarray) else (type(value), repr(value))
