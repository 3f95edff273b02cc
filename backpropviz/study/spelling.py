"""An entry as an expression in other entries: what an operation does to single numbers.

Nothing here knows single operations but by what they are: entry by entry, a sum of entries, a sum of products, or a
choice. Which entries take part, and which one goes with which, is asked of the operation's own vector-Jacobian product.
"""

from __future__ import annotations

import numpy as np

from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Array, Node, bare
from backpropviz.study.expressions import Entry, Expression, Known, Number, Operation, Product, added
from backpropviz.study.rows import Index, fit, local_row, looked_at

_DEEPEST = 40  # operations within operations
_MOVES = ("astype", "stop_gradient", "copy", "positive", "broadcast_to", "identity", "real", "conjugate")
_EXTREMES = ("max", "amax", "min", "amin")
_OPERATORS = {"remainder": "%", "float_power": "**"}


class Speller:
    """Writes entries as expressions in the entries of named values.

    Args:
        names: what values and gradients are called.
        most: parts of an expression; from then on numbers stand for themselves, and `left` is below zero.
    """

    def __init__(self, names: dict[Node, str], most: int = 4000):
        self.names, self.most = names, most
        self.left = most

    def spell(self, node: Node, index: Index) -> Expression:
        """How one entry of a node was computed. Where it was only moved from elsewhere, that entry is looked at."""
        self.left = self.most
        found = self._computed(node, index, 0)
        while isinstance(found, Known) and self._origin != (node, index):
            node, index = self._origin
            if node.primitive is None:
                break
            deeper = self._computed(node, index, 0)
            if isinstance(deeper, Number):
                break
            found = deeper
        return found

    def _part(self, node: Node, index: Index, depth: int) -> Expression:
        """An entry inside of an expression: by its name, if it has one."""
        name = self.names.get(node)
        if name is not None:
            self._origin = node, index
            return Known(Entry(name, index, float(np.real(node.value[index]))))
        return self._computed(node, index, depth)

    def _computed(self, node: Node, index: Index, depth: int) -> Expression:
        value = float(np.real(node.value[index]))
        self.left -= 1
        self._origin = node, index
        if node.primitive is None or depth > _DEEPEST or self.left < 0 or not np.isfinite(value):
            return Number(value, "")
        start = np.zeros(node.shape)
        start[index] = 1.0
        if node.primitive.differentiable:
            rows = [(operand, found) for operand, found in local_row(node, start) if found.any()]
        else:
            rows = []
        move = self._moved(rows, value, node, depth)
        if move is not None:
            return move
        if node.primitive.elementwise and node.primitive.name not in _MOVES:
            return self._entry_by_entry(node, index, depth)
        if node.primitive.name in _EXTREMES:
            return self._choice(node, index, depth)
        return self._sum(node, rows, value, start, depth) or Number(value, node.primitive.call or node.primitive.name)

    def _moved(self, rows: list[tuple[Node, Array]], value: float, node: Node, depth: int) -> Expression | None:
        """The entry it was moved from, if it is one entry unchanged; 0 where nothing was put."""
        assert node.primitive is not None
        if node.primitive.name in _EXTREMES or (node.primitive.elementwise and node.primitive.name not in _MOVES):
            return None
        if not rows and value == 0:
            return Number(0.0)
        if len(rows) == 1 and np.count_nonzero(rows[0][1]) == 1:
            operand, found = rows[0]
            place = _places(found)[0]
            if found[place] == 1 and float(np.real(operand.value[place])) == value:
                return self._part(operand, place, depth)
        return None

    def _entry_by_entry(self, node: Node, index: Index, depth: int) -> Expression:
        assert node.primitive is not None
        parts: list[Expression] = []
        for argument in node.args:
            if isinstance(argument, Node):
                parts.append(self._part(argument, _broadcast(index, argument.shape), depth + 1))
            else:
                array = np.asarray(bare(argument))
                if array.dtype.kind not in "fiub":
                    return Number(float(np.real(node.value[index])), node.primitive.call)
                parts.append(Number(float(array[_broadcast(index, array.shape)])))
        infix = node.primitive.infix or _OPERATORS.get(node.primitive.name, "")
        if infix in ("+", "-") and len(parts) == 2:
            return added((Product((parts[0],)), Product((parts[1],), 1 if infix == "+" else -1)))
        if infix == "*":
            return added((Product(tuple(parts)),))
        if infix and len(parts) == 2:
            return Operation("", tuple(parts), infix)
        call = node.primitive.call.removeprefix("np.")
        if node.primitive.name == "negative":
            return added((Product((parts[0],), -1),))
        if not hasattr(np, call) or node.kwargs:
            return Number(float(np.real(node.value[index])), node.primitive.call)
        return Operation(call, tuple(parts))

    def _choice(self, node: Node, index: Index, depth: int) -> Expression:
        """The largest or smallest of some entries: also those that lost."""
        assert node.primitive is not None
        (operand,) = [parent for _, parent in operands(node)]
        mask = looked_at(node, index, {operand})[operand]
        parts = [self._part(operand, place, depth + 1) for place in _places(mask)]
        return Operation(node.primitive.name.removeprefix("a"), tuple(parts))

    def _sum(
        self, node: Node, rows: list[tuple[Node, Array]], value: float, start: Array, depth: int
    ) -> Expression | None:
        """A sum of entries times their derivatives: of all operands, or of one if the other holds the factors."""
        parts = [float((found * np.real(operand.value)).sum()) for operand, found in rows]
        size = sum(float(np.abs(found * operand.value).sum()) for operand, found in rows) + abs(value)
        close = 1e-11 * size
        if rows and abs(sum(parts) - value) <= close:
            chosen = rows
        elif rows and abs(parts[0] - value) <= close:
            chosen = rows[:1]
        else:
            return None
        factors = {float(factor) for _, found in chosen for factor in found[found != 0].tolist()}
        only = next(iter(factors)) if len(factors) == 1 else 0.0
        divisor = mean_of(only)
        products: list[Product] = []
        for operand, found in chosen:
            partner = self._partner(node, operand, found, start) if len(chosen) == 1 and len(rows) == 2 else None
            for place in _places(found):
                factor = float(found[place])
                known = self._part(operand, place, depth + 1)
                if divisor or abs(factor) == 1:
                    products.append(Product((known,), 1 if factor > 0 else -1))
                elif partner is not None:
                    other, where = partner
                    products.append(Product((known, self._part(other, where[place], depth + 1))))
                else:
                    products.append(Product((known, Number(factor))))
        return added(tuple(products), divisor or 1)

    @staticmethod
    def _partner(node: Node, operand: Node, found: Array, start: Array) -> tuple[Node, dict[Index, Index]] | None:
        """For a product of two arrays: with which entry of the other one each entry is multiplied.

        The derivative with respect to one operand is an entry of the other. With the numbers from 1 on in the other's
        place, the derivative says which.
        """
        assert node.primitive is not None
        position, other = -1, None
        for at, each in operands(node):
            position, other = (at, other) if each is operand else (position, each)
        entry = node.primitive.gradient(position)
        if other is None or entry is None:
            return None
        labels = np.arange(1.0, other.value.size + 1).reshape(other.shape)
        args = [labels if argument is other else bare(argument) for argument in node.args]
        kwargs = {name: bare(value) for name, value in node.kwargs.items()}
        told = fit(entry.vjp(start.copy(), node.value, *args, **kwargs), operand.shape)
        where: dict[Index, Index] = {}
        for place in _places(found):
            label = round(float(told[place])) - 1
            if not 0 <= label < other.value.size:
                return None
            where[place] = tuple(int(i) for i in np.unravel_index(label, other.shape))
            if float(np.real(other.value[where[place]])) != float(found[place]):
                return None
        return other, where


def mean_of(factor: float) -> int:
    """The whole number whose inverse, up to its sign, a factor is; 0 if it is no such thing."""
    whole = round(1 / abs(factor)) if 0 < abs(factor) < 1 else 0
    return whole if whole and abs(whole * abs(factor) - 1) < 1e-12 else 0


def _places(found: Array) -> list[Index]:
    """Where an array is not zero."""
    return [tuple(place) for place in np.argwhere(found).tolist()]


def _broadcast(index: Index, shape: Index) -> Index:
    """The entry of an operand of `shape` that goes with an entry of the result."""
    return tuple(0 if size == 1 else place for place, size in zip(index[len(index) - len(shape) :], shape))
