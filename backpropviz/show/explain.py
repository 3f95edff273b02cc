"""The words for every backward step: the gate's story, its local derivatives, the shapes, and why sums appear.

What a gate does to a gradient is told once, by its primitive (`primitives/*.py`); this module adds what depends on the
run: which names and shapes met, which order of a matrix product fits, and which axes have to be summed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from backpropviz.code.printing import Printer
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node, Step, Term
from backpropviz.engine.trace import Trace
from backpropviz.primitives import PRIMITIVES, Primitive
from backpropviz.primitives.reductions import axes_of
from backpropviz.show.numerals import counted
from backpropviz.show.records import Explanation, Gate, Share

Shape = tuple[int, ...]

_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(\.T\b)?(?![\w(=])(\.shape|[.\[])?")
_ATOM = re.compile(r"[\w.]+|[\w.]+\([^()]*\)")
_VARIABLE = re.compile(r"\b(x|y|z|n|out)\b")
_LOWERED = re.compile(r"\*\*\(\(?(-?[\d.]+)\)? - 1\)")
_DOUBLE = re.compile(r"\(\(([^()]*)\)\)")


class Explainer:
    """Explains the steps of one trace.

    Args:
        printer: writes the nodes. terms: for every named node, the names of its gradient's terms.
        formulas: how each of these terms was computed.
    """

    def __init__(self, trace: Trace, printer: Printer, terms: dict[Node, list[str]], formulas: dict[str, str]):
        self.printer, self.terms, self.formulas = printer, terms, formulas
        self._senders: dict[Node, dict[Node, list[tuple[int, Term]]]] = {}
        self.shapes = {node.name: node.shape for node in (*trace.nodes, *trace.red.nodes) if node.name}
        for node, names in terms.items():
            self.shapes.update((name, node.shape) for name in names)

    def _sent(self, operand: Node) -> dict[Node, list[tuple[int, Term]]]:
        """The terms of a value's gradient, with their numbers, by the node that sends them."""
        if operand not in self._senders:
            found = self._senders[operand] = {}
            for number, term in enumerate(operand.terms):
                found.setdefault(term.consumer, []).append((number, term))
        return self._senders[operand]

    def step(self, step: Step) -> Explanation | None:
        """None where no gradient arrives."""
        gates = tuple(self._gate(node) for node in reversed(step.nodes) if node.gradient is not None and node.primitive)
        if not any(gate.shares for gate in gates):
            return None
        meeting = _meeting(step.node) if len(step.node.terms) > 1 else None
        return Explanation(meeting, tuple(gate for gate in gates if gate.shares))

    def _gate(self, node: Node) -> Gate:
        shares = tuple(
            self._share(node, operand, position, number, term)
            for position, operand in operands(node)
            for number, term in self._sent(operand).get(node, ())
            if term.position == position
        )
        return Gate(self.printer.code(node), _acting(node).story, shares)

    def _share(self, node: Node, operand: Node, position: int, number: int, term: Term) -> Share:
        entry = _acting(node).gradient(position)
        name = self.terms[operand][number] if operand.name else None
        written = self.printer.reference(operand)
        return Share(
            operand=written,
            gradient=name,
            local=self._local(entry.local if entry else "", node, operand),
            dimensions=None if name is None else self.dimensions(name, self.formulas[name], operand.shape),
            reasons=tuple(self._reasons(node, operand, position, written)),
            summed=_summed_axes(node, operand),
        )

    # ---- local derivatives and dimensions ----------------------------------------------------------------------------

    def _local(self, formula: str, node: Node, operand: Node) -> str:
        """The local derivative with the operands' own names in place of x, y and z."""
        names = dict(zip("xyz", (self._atom(value) for value in node.args)))
        names["n"] = str(operand.value.size // max(node.value.size, 1))
        names["out"] = node.name or self._atom(node)
        written = _VARIABLE.sub(lambda found: names.get(found[1], found[1]), formula)
        return _LOWERED.sub(_lower, _DOUBLE.sub(r"(\1)", written))

    def _atom(self, value: object) -> str:
        text = self.printer.argument(value)
        return text if _ATOM.fullmatch(text) else f"({text})"

    def dimensions(self, name: str, formula: str, shape: Shape) -> str:
        """A formula with the shape of every factor behind it: `dw (3, 2) = x.T (3, 4) @ dout (4, 2)`."""
        aside: dict[str, Shape] = {}

        def with_shape(found: re.Match[str]) -> str:
            word, transposed, follows = found[1], found[2] or "", found[3] or ""
            size = self.shapes.get(word)
            if size is None or follows == ".shape":
                return found[0]
            if follows:
                aside[word] = size
                return found[0]
            return f"{word}{transposed} {size[::-1] if transposed else size}"

        written = _NAME.sub(with_shape, formula)
        rest = " and ".join(f"{word} {size}" for word, size in aside.items())
        return f"{name} {shape} = {written}" + (f", from {rest}" if rest else "")

    # ---- reasons -----------------------------------------------------------------------------------------------------

    def _reasons(self, node: Node, operand: Node, position: int, written: str) -> Iterator[str]:
        assert node.primitive is not None
        if node.primitive.name in ("matmul", "dot"):
            yield from self._order(node, operand, position, written)
        if node.primitive.name in ("sum", "mean"):
            yield from _spread_out(node, operand, written)
        else:
            yield from _summed(node, operand, written)

    def _order(self, node: Node, operand: Node, position: int, written: str) -> Iterator[str]:
        """Why only one order of a matrix product fits."""
        factors = [value for _, value in operands(node)]
        if len(factors) < 2 or any(value.value.ndim < 2 for value in factors):
            return
        other = factors[1 - position]
        gradient = self.printer.reference(node.gradient) if node.gradient is not None and node.gradient.name else "g"
        name = self.printer.reference(other)
        g, o, wanted = node.shape[-2:], other.shape[-2:], operand.shape[-2:]
        right = (gradient, f"{name}.T") if position == 0 else (f"{name}.T", gradient)
        candidates = [
            (gradient, g, f"{name}.T", o[::-1]),
            (f"{name}.T", o[::-1], gradient, g),
            (gradient, g, name, o),
            (name, o, gradient, g),
        ]
        yield f"{written} is {wanted}, so its gradient is, too; the products one could write:"
        fitting = 0
        for left, l_shape, second, r_shape in sorted(candidates, key=lambda each: (each[0], each[2]) != right):
            product = f"  {left} {l_shape} @ {second} {r_shape}"
            if l_shape[1] != r_shape[0]:
                yield f"{product}: {l_shape[1]} does not meet {r_shape[0]}"
                continue
            result = (l_shape[0], r_shape[1])
            fitting += result == wanted
            chosen = (left, second) == right
            verdict = "fits" if chosen else "has the shape, by chance" if result == wanted else "is not the shape"
            yield f"{product} -> {result} {verdict}"
        if fitting > 1:
            yield "  where sizes coincide, unequal ones tell the orders apart: try --shape"


def _acting(node: Node) -> Primitive:
    """The primitive that tells what happens; an index that only adds axes, `b[:, None]`, is no choice of entries."""
    assert node.primitive is not None
    if node.primitive.name == "take":
        index = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
        if all(part is None or part is Ellipsis or (isinstance(part, slice) and part == slice(None)) for part in index):
            return PRIMITIVES[np.expand_dims]
    return node.primitive


def _lower(found: re.Match[str]) -> str:
    """`**(3 - 1)` as `**2`, `**(2 - 1)` as nothing."""
    exponent = float(found[1]) - 1
    return "" if exponent == 1 else f"**{exponent:g}" if exponent >= 0 else f"**({exponent:g})"


def _meeting(node: Node) -> str:
    return f"{counted(len(node.terms)).capitalize()} gradients arrive at {node.name}, one for each use: they add up."


def _broadcast_axes(shape: Shape, inside: Shape) -> tuple[int, ...]:
    """The axes of `inside` along which a value of `shape` was repeated."""
    extra = len(inside) - len(shape)
    stretched = (extra + axis for axis, size in enumerate(shape) if size == 1 and inside[extra + axis] != 1)
    return (*range(extra), *stretched)


def _summed_axes(node: Node, operand: Node) -> tuple[int, ...]:
    """The axes of a gate's result along which what an operand gets is added up: along these it was broadcast."""
    assert node.primitive is not None
    if node.primitive.name == "matmul":
        is_stack = min(operand.value.ndim, node.value.ndim) > 1
        return _broadcast_axes(operand.shape[:-2], node.shape[:-2]) if is_stack else ()
    return _broadcast_axes(operand.shape, node.shape) if node.primitive.elementwise else ()


def _summed(node: Node, operand: Node, written: str) -> Iterator[str]:
    """Why a gradient is summed over the axes along which its value was broadcast."""
    axes = _summed_axes(node, operand)
    if not axes:
        return
    uses = math.prod(node.shape[axis] for axis in axes)
    place = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
    yield f"{written} {operand.shape} was used {uses} times along {place} of {node.shape}: {uses} gradients add up"
    if node.value.ndim == 2 and axes in ((0,), (1,)):
        rows, columns = node.shape
        if axes == (0,):
            yield f"as a matrix product: a row of ones (1, {rows}) @ gradients ({rows}, {columns}) -> (1, {columns})"
        else:
            yield f"as a matrix product: gradients ({rows}, {columns}) @ a column of ones ({columns}, 1) -> ({rows}, 1)"


def _spread_out(node: Node, operand: Node, written: str) -> Iterator[str]:
    """A sum or mean told both ways: as additions, and as a product with ones."""
    axes = axes_of(node.kwargs.get("axis"), operand.value.ndim)
    count = operand.value.size // max(node.value.size, 1)
    mean = node.primitive is not None and node.primitive.name == "mean"
    share = f"1/{count} of it" if mean else "all of it"
    yield f"as additions: each result was made from {count} entries of {written}; each gets its gradient, {share}"
    if operand.value.ndim == 2 and axes in ((0,), (1,)):
        rows, columns = operand.shape
        divided = f" / {count}" if mean else ""
        if axes == (0,):
            yield (
                f"as a matrix product: forward, ones (1, {rows}) @ {written} ({rows}, {columns}){divided}; "
                f"back, ones ({rows}, 1) @ gradient (1, {columns}){divided} -> ({rows}, {columns})"
            )
        else:
            yield (
                f"as a matrix product: forward, {written} ({rows}, {columns}) @ ones ({columns}, 1){divided}; "
                f"back, gradient ({rows}, 1) @ ones (1, {columns}){divided} -> ({rows}, {columns})"
            )
