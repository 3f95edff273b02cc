"""How gradients of one kind are handed back: found by running the VJP, and then repeated without it.

The rounds of a loop hand their gradients back by the same operations, on other values. What a VJP records for an
operation depends, for the gates that say so (`by_shape`), on shapes and types alone. So what was recorded for one of a
kind is a recipe for all others: which operations, on which of the gradient, the output and the operands.
"""

from __future__ import annotations

from typing import Any, Literal

from backpropviz.engine.graph import PLACES, Node
from backpropviz.engine.named import NamedFloat, NamedInt, Shape
from backpropviz.engine.tape import NO_OPTIONS, Tape
from backpropviz.primitives import Primitive
from backpropviz.primitives.shapes import TAKE
from backpropviz.primitives.stores import STORED

_PLAIN = {int, float, bool, type(None)}
_NUMBERS = {int, float, NamedInt, NamedFloat}
_AT = {int, NamedInt}
_Operand = tuple[int, Any]  # a value by its place among those at hand; -1 and a constant; -2 and whose shape it is


class Recipe:
    """The operations that hand a gradient back, on values by their place: gradient, output, arguments, what was made.

    Attributes:
        steps: each with its arguments, its options, and the places of its parents. result: that of what is handed back.
    """

    def __init__(self, steps: list[tuple[Primitive, list[_Operand], dict[str, _Operand], list[int]]], result: int):
        self.steps, self.result = steps, result

    def repeat(self, node: Node, tape: Tape) -> Node:
        """Record them for another operation of the kind."""
        hand = [node.gradient, node, *node.args]
        for primitive, args, options, parents in self.steps:
            given = tuple([hand[place] if place >= 0 else _constant(place, value, hand) for place, value in args])
            above = given if len(parents) == len(given) else tuple([hand[place] for place in parents])
            named = {name: _constant(*operand, hand) for name, operand in options.items()} if options else NO_OPTIONS
            made = Node(len(tape.nodes), primitive, given, named, above, None, None, tape.step)
            tape.enter(made)
            hand.append(made)
        red: Node = hand[self.result]
        return red


Known = dict[int, Recipe | Literal[False] | None]
"""By the operand's position: its recipe, None where one may follow, False where there is none."""


class Recipes:
    """The recipes of one sweep, by kind of operation and position of the operand."""

    def __init__(self) -> None:
        self._kinds: dict[Any, Known] = {}

    def of(self, node: Node) -> Known | None:
        """Those for operations like `node`; None where each is one of its own."""
        primitive, parents = node.primitive, node.parents
        assert primitive is not None
        if not primitive.by_shape or (len(parents) > 1 and parents[0] is parents[1]):
            return None
        outline = node.outline if node._value is None else node._value
        key: list[Any] = [primitive, outline.shape, outline.dtype]
        for arg in node.args:
            kind = type(arg)
            if kind is Node:
                outline = arg.outline if arg._value is None else arg._value
                key += outline.shape, outline.dtype
            elif primitive is TAKE or primitive is STORED:
                kinds = tuple(map(type, arg)) if kind is tuple else (kind,)
                if _AT.isdisjoint(kinds) or not PLACES.issuperset(kinds):
                    return None
                key += (kinds, arg if kind is int else None)
            elif kind in _NUMBERS:
                key += (kind, arg)
            else:
                return None
        for name, option in node.kwargs.items():
            if type(option) not in _PLAIN:
                return None
            key += (name, type(option), option)
        return self._kinds.setdefault(tuple(key), {})


def learn(known: Known, position: int, node: Node, made: list[Node], result: Node) -> None:
    """Keep as a recipe what was recorded for one operand of `node`, if it is the second of its kind: most are the last.

    Args:
        made: the red nodes that its VJP recorded. result: the one that is handed back.
    """
    if position not in known:
        known[position] = None
        return
    if known[position] is False:
        return
    hand = [node.gradient, node, *node.args, *made]
    places = {id(value): place for place, value in reversed(list(enumerate(hand)))}

    def operand(value: Any) -> _Operand:
        if type(value) is Shape:
            return -2, places[id(value.node)]
        kinds = map(type, value if type(value) is tuple else (value,))
        is_place = type(value) not in _PLAIN and id(value) in places
        if not is_place and _PLAIN.issuperset(kinds):
            return -1, value
        return places[id(value)], None

    try:
        steps = [
            (
                red.primitive,
                [operand(arg) for arg in red.args],
                {name: operand(option) for name, option in red.kwargs.items()},
                [places[id(parent)] for parent in red.parents],
            )
            for red in made
            if red.primitive is not None
        ]
        known[position] = Recipe(steps, places[id(result)])
    except KeyError:  # it takes something that is neither at hand nor plain
        known[position] = False


def _constant(place: int, value: Any, hand: list[Any]) -> Any:
    if place >= 0:
        return hand[place]
    return value if place == -1 else Shape.of(hand[value])
