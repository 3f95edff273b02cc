"""The forward pass in the brackets of a textbook: what a person wrote in one line is cut as if written in several.

`gamma * (x - mu) / std` takes gamma first, and so has no standardized x to speak of; `gamma * ((x - mu) / std)` is the
same product and has one. Nothing is known of any layer: powers go by their usual names, and of a product's factors
those that depend on the same inputs are multiplied first, then by what depends on others, then by mere numbers.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node, bare
from backpropviz.engine.tape import Tape
from backpropviz.engine.trace import Trace
from backpropviz.engine.traced import Traced
from backpropviz.primitives import PRIMITIVES, Primitive

_ADD, _MULTIPLY, _DIVIDE, _POWER, _SQUARE, _RECIPROCAL, _SQRT = (
    PRIMITIVES[f] for f in (np.add, np.multiply, np.divide, operator.pow, np.square, np.reciprocal, np.sqrt)
)
_POWERS = (_POWER, PRIMITIVES[np.power], PRIMITIVES[np.float_power])
_PRODUCTS = (_MULTIPLY, _DIVIDE)
Factor = tuple[Any, bool]
"""A node or a number, and whether the product is divided by it."""


def regrouped(trace: Trace) -> bool:
    """Cut the powers and products of a record anew, in place; whether anything is computed otherwise now.

    Values are what they were, up to rounding. The record has no loops and no backward pass.
    """
    powers, products = _Powers(trace), _Products(trace)
    return powers.changed + products.changed > 0


class _Rewriting:
    """Goes over the nodes of a record in order; new nodes stand before the one that they are made for."""

    def __init__(self, trace: Trace):
        self.changed = 0
        self._tape = Tape()
        before, trace.nodes[:] = list(trace.nodes), []
        self._begin(trace, before)
        for node in before:
            if node.primitive is not None and node.memory is None and node.carries_gradient:
                self._tape.nodes.clear()
                self._rewrite(node)
                for made in self._tape.nodes:
                    made.step = node.step
                    trace.nodes.append(made)
                    if node.step is not None:
                        node.step.nodes.insert(-1, made)
            trace.nodes.append(node)
        for index, node in enumerate(trace.nodes):
            node.index = index

    def _begin(self, trace: Trace, nodes: list[Node]) -> None:
        """Look at the whole before any of it is written anew."""

    def _rewrite(self, node: Node) -> None:
        raise NotImplementedError

    def _made(self, primitive: Primitive, *arguments: Any) -> Node:
        operands = [Traced(each, self._tape) if isinstance(each, Node) else each for each in arguments]
        return self._tape.record(primitive, tuple(operands), {}).node

    def _become(self, node: Node, primitive: Primitive, *arguments: Any) -> None:
        """The node by another operation; left as it is where that gives something else."""
        made = self._made(primitive, *arguments)
        self._tape.nodes.pop()
        if made.shape == node.shape and made.value.dtype == node.value.dtype:
            node.primitive, node.args, node.parents, node.kwargs = made.primitive, made.args, made.parents, {}
            self.changed += 1


class _Powers(_Rewriting):
    """`a ** 0.5` is a root, `a ** -1` a quotient, `a * a` a square."""

    def _rewrite(self, node: Node) -> None:
        exponent = node.args[1] if len(node.args) == 2 else None
        if node.kwargs:
            return
        if node.primitive in _POWERS and type(exponent) in (int, float):
            base = node.args[0]
            if exponent == 0.5:
                self._become(node, _SQRT, base)
            elif exponent == -1:
                self._become(node, _DIVIDE, 1, base)
            elif exponent == -0.5:
                self._become(node, _DIVIDE, 1, self._made(_SQRT, base))
        elif node.primitive is _SQUARE or (node.primitive is _MULTIPLY and node.args[0] is node.args[1]):
            self._become(node, _POWER, node.args[0], 2)
        elif node.primitive is _RECIPROCAL:
            self._become(node, _DIVIDE, 1, node.args[0])


class _Products(_Rewriting):
    """Factors that depend on the same inputs are multiplied first; equal ones are a power."""

    def _begin(self, trace: Trace, nodes: list[Node]) -> None:
        self._uses = Counter(parent for node in nodes for parent in node.parents)
        self._uses.update(trace.outputs)
        self._inputs: dict[Node, frozenset[Node]] = {}
        for node in nodes:
            own = [node] if node.primitive is None and node.carries_gradient else []
            self._inputs[node] = frozenset(own).union(*(self._inputs[parent] for parent in node.parents))
        readers = {parent: node for node in nodes for parent in node.parents}
        self._is_inner = {
            node: node in readers and readers[node].primitive in _PRODUCTS and self._is_open(node, readers[node])
            for node in nodes
        }

    def _is_open(self, node: Node, reader: Node) -> bool:
        """A product that stands in another one, above the line, and nowhere else; no `1 / s`: that is a factor."""
        return (
            node.primitive in _PRODUCTS
            and node.memory is None
            and self._uses[node] == 1
            and (reader.primitive is _MULTIPLY or reader.args[0] is node)
            and (node.primitive is _MULTIPLY or bool(self._depends(node.args[0])))
        )

    def _depends(self, value: Any) -> frozenset[Node]:
        return self._inputs.get(value, frozenset()) if isinstance(value, Node) else frozenset()

    def _rewrite(self, node: Node) -> None:
        if node.primitive not in _PRODUCTS or self._is_inner[node] or node.kwargs:
            return
        factors: list[Factor] = []
        nests = self._collect(node, factors)
        groups = self._groups(factors)
        inverses = [at for at, (value, _) in enumerate(factors) if self._is_inverse(value, node)]
        for at in inverses:
            factors[at] = factors[at][0].args[1], not factors[at][1]
        torn = any({*nest} & {*g} and not {*nest} <= {*g} and not {*g} <= {*nest} for nest in nests for g in groups)
        is_power = (
            max(Counter(value for value, below in factors if self._depends(value) and not below).values(), default=0)
            > 1
        )
        numbers = [[at] for at, (value, _) in enumerate(factors) if not self._depends(value)]
        raised = next((at for at, (value, below) in enumerate(factors) if not below and self._is_raised(value)), None)
        if raised is not None and numbers:
            factors[raised] = self._product([factors[raised], *(factors[at] for (at,) in numbers)])
            numbers = []
            torn = True
        if torn or inverses or is_power:
            groups.sort(key=lambda group: -len(group))
            self._multiply([self._product([factors[at] for at in group]) for group in [*groups, *numbers]], node)

    def _collect(self, node: Node, factors: list[Factor]) -> list[range]:
        """Put the factors of a product into a list; which of them stand in brackets."""
        nests, begin = list[range](), len(factors)
        for at, each in enumerate(node.args):
            if isinstance(each, Node) and self._is_inner[each]:
                nests += self._collect(each, factors)
            else:
                factors.append((each, at == 1 and node.primitive is _DIVIDE))
        return [*nests, range(begin, len(factors))]

    def _is_raised(self, value: Any) -> bool:
        """A value and a mere number, added up for this product alone: `1 + t` of `0.5 * x * (1 + t)`."""
        return bool(
            isinstance(value, Node)
            and value.primitive is _ADD
            and value.name is None
            and self._uses[value] == 1
            and not all(self._depends(each) for each in value.args)
        )

    def _is_inverse(self, value: Any, product: Node) -> bool:
        """What many entries are divided by, `x * (1 / std)`; no gate of each entry, `x * (1 / (1 + e))`."""
        return bool(
            isinstance(value, Node)
            and value.primitive is _DIVIDE
            and not self._depends(value.args[0])
            and np.all(np.equal(bare(value.args[0]), 1))
            and value.name is None
            and self._uses[value] == 1
            and value.value.size < product.value.size
        )

    def _groups(self, factors: list[Factor]) -> list[list[int]]:
        """Which factors share an input, be it by others between them."""
        groups: list[tuple[set[Node], list[int]]] = []
        for at, (value, _) in enumerate(factors):
            inputs, own = {*self._depends(value)}, [at]
            if not inputs:
                continue
            for group in [g for g in groups if g[0] & inputs]:
                groups.remove(group)
                inputs, own = inputs | group[0], [*group[1], *own]
            groups.append((inputs, sorted(own)))
        return [own for _, own in groups]

    def _product(self, factors: list[Factor]) -> Factor:
        """Factors as one; what is below the line alone stays there."""
        if len(factors) == 1:
            return factors[0]
        above = Counter(value for value, below in factors if not below)
        under = [value for value, below in factors if below]
        if not above:
            return functools.reduce(lambda one, other: self._made(_MULTIPLY, one, other), under), True
        powers = [value if count == 1 else self._made(_POWER, value, count) for value, count in above.items()]
        made = functools.reduce(lambda one, other: self._made(_MULTIPLY, one, other), powers)
        return functools.reduce(lambda one, other: self._made(_DIVIDE, one, other), under, made), False

    def _multiply(self, products: list[Factor], node: Node) -> None:
        """The node as these products, one after the other."""
        ordered = sorted(products, key=lambda each: each[1])
        if ordered[0][1]:
            ordered.insert(0, (1, False))
        made = ordered[0][0]
        for value, below in ordered[1:-1]:
            made = self._made(_DIVIDE if below else _MULTIPLY, made, value)
        if len(ordered) > 1:
            self._become(node, _DIVIDE if ordered[-1][1] else _MULTIPLY, made, ordered[-1][0])
        elif made.primitive is not None:
            self._tape.nodes.pop()
            self._become(node, made.primitive, *made.args)
