"""Names, numbers and lengths in mathematics, in any notation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.code.lengths import origins
from backpropviz.code.notation import ATOM, BIG, NEGATION, PRODUCT, SUM, Notation, Text, fit
from backpropviz.engine.constants import Constructed, Part
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Call, Dim, Name, Named, Operation, Variable

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


_LETTERS = "ijklmnpq"


class Symbols:
    """The symbols of one trace."""

    trace: Trace
    notation: Notation
    symbols: dict[str, str]
    red: set[Node]
    _of_temporaries: set[str]

    def operand(self, value: Any) -> Text:
        """A value by its symbol, or written out."""
        raise NotImplementedError

    def take(self, x: Any, index: Any) -> Text:
        """A part of a value."""
        raise NotImplementedError

    def symbol(self, name: str, red: bool = False) -> str:
        """A name's symbol; two names never share one."""
        if red and name.startswith("d") and name[1:] and name not in self._of_temporaries:
            symbol = self.notation.gradient(self.symbol(name[1:]))
        else:
            symbol = self.notation.symbol(name)
        if self.symbols.setdefault(symbol, name) != name:
            symbol = self.notation.verbatim(name)
        return symbol

    def array(self, array: Any) -> Text:
        """A constant array, by its name in the source."""
        name, _ = self.trace.constants.get(id(array), (None, None))
        if isinstance(name, Constructed):
            operands = [self.operand(arg) for arg in name.args]
            if name.infix and len(operands) == 2:
                return self.join(name.infix, *operands)
            return self.notation.call(name.name, [text for text, _ in operands])
        if isinstance(name, Part):
            return self.take(name.whole, name.index)
        if name is None:
            return self.notation.verbatim("constant"), ATOM
        return self.symbol(name), ATOM

    def number(self, value: Any) -> Text:
        value = value.item() if isinstance(value, np.generic | np.ndarray) else value
        if isinstance(value, tuple):
            return self.notation.bracketed(", ".join(self.operand(item)[0] for item in value)), ATOM
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.notation.verbatim(str(value)), ATOM
        digits, _, exponent = repr(abs(value)).partition("e")
        text = self.notation.number(digits.removesuffix(".0"), str(int(exponent)) if exponent else "")
        return self.negated(text) if value < 0 else text

    def expression(self, expression: Any, value: Any) -> Text:
        """A size or a setting, as it was written."""
        if isinstance(expression, Name):
            return self.symbol(expression.name), ATOM
        if isinstance(expression, Variable):
            return self.number(expression.value)
        if isinstance(expression, Dim):
            return self.length(expression)
        if isinstance(expression, Operation):
            left, right = (self.expression(side, side) for side in (expression.left, expression.right))
            if expression.symbol == "*":
                return right if left[0] == "1" else self.scaled(left, right)
            return self.join(expression.symbol, left, right)
        if isinstance(expression, Call):
            name = expression.function.rpartition(".")[2]
            return self.notation.call(name, [self.expression(arg, arg)[0] for arg in expression.args])
        return self.number(value)

    def length(self, dim: Dim) -> Text:
        """The length of an axis: by its name, or as an axis of the value it came from, best an input."""
        places: list[tuple[Node, int]] = []
        for place in origins(dim.node, dim.axis):
            if isinstance(place, int):
                if isinstance(place, Named) and not isinstance(place.expression, Dim):
                    return self.expression(place.expression, place)
            elif place in self.trace.dims:
                return self.symbol(self.trace.dims[place]), ATOM
            else:
                places.append(place)
        places.sort(key=lambda place: place[0].primitive is not None)
        for node, axis in places:
            if node.name and node not in self.red:
                return self.notation.length(self.symbol(node.name), letter(axis))
        return self.number(dim.node.shape[dim.axis])

    def join(self, symbol: str, left: Text, right: Text) -> Text:
        """Two expressions with an operator between them."""
        if symbol == "/":
            return self.divided(left, right)
        if symbol == "**":
            return self.notation.power(left, right)
        binds = {"+": SUM, "-": SUM}.get(symbol, PRODUCT)
        sign = self.notation.infix.get(symbol, symbol)
        return f"{fit(left, binds, self.notation)} {sign} {fit(right, binds + 2, self.notation)}", (
            BIG if symbol in ("//", "%") else binds
        )

    def negated(self, x: Text) -> Text:
        # a big sum would reach over what follows, so its negative opens no product
        return f"-{fit(x, BIG, self.notation)}", SUM if x[1] == BIG else NEGATION

    def divided(self, top: Text, bottom: Text) -> Text:
        if top[1] == NEGATION:
            return self.negated(self.notation.fraction((top[0][1:], PRODUCT), bottom))
        return self.notation.fraction(top, bottom)

    def scaled(self, factor: Text, of: Text) -> Text:
        """A single number times anything."""
        if factor[1] == NEGATION:
            return self.negated(self.scaled((factor[0][1:], PRODUCT), of))
        return self.notation.scaled(factor, of)


def letter(axis: int) -> str:
    """What an axis is called."""
    return _LETTERS[axis] if axis < len(_LETTERS) else str(axis)
