"""Writes nodes as a loop's body sees them: by the names of the program, whatever round they are of."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from backpropviz.code.binding import ATOM, BINDS, Text
from backpropviz.code.lengths import origins
from backpropviz.code.places import LoopItem, Place, Uneven
from backpropviz.code.printing import Printer
from backpropviz.engine.constants import Constructed
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES

MOST = 20_000  # operations written out


class RoundPrinter(Printer):
    """Writes nodes under the names that they have in the program, not those of a round.

    Attributes:
        elsewhere: how values of a loop's rounds are written outside of it: for a node, in which loop and how.
        lists: what the lists of all rounds' values are called, for each of these.
        starts: for values that a loop hands on, what it starts with: of the same shape.
        rounds: axes that are as long as a loop, and what writes how often that runs.
        listed: the values whose lists were written.
    """

    def __init__(self, trace: Trace, temporaries: dict[Node, str]):
        super().__init__(trace, temporaries)
        self.written = 0  # how many operations were written out: far too many mean that a name is missing
        self.elsewhere: dict[Node, list[tuple[LoopItem | None, Place, str]]] = {}
        self.lists: dict[Node, tuple[Place, str]] = {}
        self.listed: set[Place] = set()
        self.starts: dict[Node, Any] = {}
        self.rounds: dict[tuple[Node, int], Callable[[], str]] = {}

    def name(self, node: Node) -> str | None:
        return self.temporaries.get(node)

    def _operand(self, value: Any) -> Text:
        for loop, place, text in self.elsewhere.get(value, ()) if isinstance(value, Node) else ():
            own = place.body.loop
            if loop.site in self.loops if loop is not None else own is not None and own.site not in self.loops:
                self.listed.add(place)
                return text, ATOM
        return super()._operand(value)

    def _literal(self, value: Any) -> Text:
        if not isinstance(value, list | tuple) or not any(
            isinstance(item, Node) and item in self.lists for item in value
        ):
            return super()._literal(value)
        parts, last = [], None
        for item in value:
            place, name = self.lists.get(item, (None, "")) if isinstance(item, Node) else (None, "")
            if place is None or (place.listed_by is not None and place.listed_by.site in self.loops):
                place = None  # in the loop that fills the list, a value is that of the round
                parts.append(self.argument(item))
            elif place is not last:
                self.listed.add(place)
                parts.append(f"*{name}")
            last = place
        return (parts[0][1:] if len(parts) == 1 else f"[{', '.join(parts)}]"), ATOM

    def _length(self, node: Node, axis: int) -> Any:
        """The axis of `np.stack(losses)` that counts the rounds is as long as the loop."""
        for origin in origins(node, axis):
            if isinstance(origin, tuple) and origin in self.rounds:
                often = self.rounds[origin]()
                return often, BINDS["+"] if isinstance(ast.parse(often, mode="eval").body, ast.BinOp) else ATOM
        begun: Any = self.starts.get(node, node)
        while isinstance(begun, Node) and begun.primitive in WRITES:
            begun = begun.args[0]
        made, _ = self.trace.constants.get(id(begun.value if isinstance(begun, Node) else begun), (None, None))
        if isinstance(made, Constructed) and made.args and isinstance(made.args[0], tuple):
            return self._operand(made.args[0][axis])
        begun = begun if isinstance(begun, Node) else node
        found = super()._length(begun, axis)
        return (begun, axis) if found is None and begun is not node and self._usable(begun) else found

    def _write(self, node: Node) -> Text:
        if node.primitive is None and id(node.value) in self.trace.constants:
            return self._array(node.value)
        self.written += 1
        if self.written > MOST:
            raise Uneven(None, "its code grows without end")
        return super()._write(node)
