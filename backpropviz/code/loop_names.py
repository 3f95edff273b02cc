"""Names in a program with loops: what its values and gradients are called where one round stands for all."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from typing import Any

import numpy as np

from backpropviz.code.places import Body, LoopItem, Place, Uneven
from backpropviz.code.printing import Printer
from backpropviz.code.program import Program
from backpropviz.code.values import Text
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node, flatten
from backpropviz.engine.named import Dim, Named, Variable
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT, TAKE
from backpropviz.primitives.stores import ADDED, STORED

MOST = 20_000  # operations written out


class _Printer(Printer):
    """Writes nodes under the names that they have in the program, not those of a round."""

    written = 0  # how many operations were written out: far too many mean that a name is missing

    def name(self, node: Node) -> str | None:
        return self.temporaries.get(node)

    def _write(self, node: Node) -> Text:
        self.written += 1
        if self.written > MOST:
            raise Uneven(None, "its code grows without end")
        return super()._write(node)


class LoopNames:
    """The names of one trace, as the program that it is.

    Attributes:
        printer: writes nodes; its temporaries are the names of values as a loop's body sees them.
    """

    def __init__(self, trace: Trace, program: Program):
        self.trace, self.program = trace, program
        self.names: dict[Node, str] = {}
        self.printer = _Printer(trace, self.names)
        self.taken = {"saved", *trace.settings, *trace.inputs, *(name for size in trace.sizes for name in size.names)}
        self.taken |= {name for name, _ in trace.constants.values() if isinstance(name, str)}
        self.taken -= {step.written for step in trace.steps} - set(trace.inputs)  # no number or constant any more
        self.taken |= {str(red.name) for red in trace.upstream.values()}
        self.taken |= {name for loop in trace.loops for name in loop.rounds[0].variables}  # `t` of `for t in range(T)`
        self.names.update((red, str(red.name)) for red in trace.upstream.values())
        self.written: dict[Place, str] = {}
        self.seen: dict[Node, tuple[Place, bool]] = {}
        self.consumers: dict[Place, list[Place]] = {}
        self.uses = Counter(parent for node in trace.red.nodes for parent in node.parents)
        self._read = {node for place in program.places() for node in place.template.parents}
        self._read |= {node for red in trace.red.nodes if self._stands_for_all(red) for node in red.parents}
        # the names outside of loops are given: what stands in a loop makes way for them
        for place in sorted(program.places(), key=lambda place: bool(place.body.chain())):
            self._name(place)
        for place in program.places():
            self._look_around(place)
        self.collects = {place for place in program.places() if self._collects(place)}
        for place in self.collects:
            self._named(place)
        self.gradient = {
            place: self._fresh(f"d{name}")  # the value of a loop comes before the one that it starts with
            for place, name in sorted(self.written.items(), key=lambda item: item[0].carried is None)
            if place.template.gradient
        }

    # ---- names -------------------------------------------------------------------------------------------------------

    def _fresh(self, name: str) -> str:
        written, number = name, 1
        while written in self.taken:
            number += 1
            written = f"{name}_{number}"
        self.taken.add(written)
        return written

    def _name(self, place: Place) -> None:
        node = place.template
        if not place.body.chain():
            name = node.name or self.trace.gradient_names.shared.get(node)
            if name:
                self.written[place] = name
                self.taken.add(name)
        elif node.name and node.step is not None:
            start = place.carried.start if place.carried is not None else None
            if isinstance(start, Place) and self._is_only_start(start, node.step.written):
                self.written[place] = self.written[start]  # h = h0, and then h in every round
            else:
                self.written[place] = self._fresh(node.step.written)
        if place in self.written:
            self.names[node] = self.written[place]

    def _is_only_start(self, start: Place, written: str) -> bool:
        """Whether a value, assigned to the name that a loop goes on with, is used by that loop alone."""
        node = start.template
        if node.step is None or node.step.written != written or node is not node.step.node or node in self._read:
            return False
        return node not in self.trace.outputs and start.body is self.program.body and start in self.written

    def _stands_for_all(self, red: Node) -> bool:
        """Whether a node of the backward pass is that of a template, not of another round."""
        return red.step is None or self.program.place[red.step.node].template is red.step.node

    def _named(self, place: Place) -> str:
        """The name of a place; one without gets one."""
        if place not in self.written:
            assert place.primitive is not None
            self.written[place] = self._fresh(f"{place.primitive.name}_1")
        for node, (of, last) in self.seen.items():
            if of is place:  # an array that is filled is one array before and after
                self.names[node] = self.written[place] + "_last" * (last and not self._is_buffer(place))
        self.names.setdefault(place.template, self.written[place])
        return self.written[place]

    def _look_around(self, reader: Place) -> None:
        """How what `reader` uses is called there: by its name, or as what the round before left."""
        for node in reader.template.parents:
            place = self.program.place[node]
            if place.gathered is reader.template:
                continue
            last = self._is_last(node, reader)
            if last and place.body is not reader.body:
                raise Uneven(place.body.chain()[-1].site, "a value is handed on across loops")
            if self.seen.setdefault(node, (place, last)) != (place, last):
                raise Uneven(place.body.chain()[-1].site, "a value is used before and after the next round")
            apart = place.body is not reader.body
            if place in self.written or last or (apart and place.body.chain() != []):
                self._named(place)
        for position, node in operands(reader.template):
            if any(term.consumer is reader.template and term.position == position for term in node.terms):
                self.consumers.setdefault(self.program.place[node], []).append(reader)

    def _is_last(self, node: Node, reader: Place) -> bool:
        """Whether a value is from the round before, where `reader` uses it."""
        place = self.program.place[node]
        mine, its = self.program.rounds(reader.template), self.program.rounds(node)
        shared = len([1 for one, other in zip(place.body.chain(), reader.body.chain()) if one is other])
        return place.carried is not None and mine[:shared] != its[:shared]

    def _collects(self, place: Place) -> bool:
        """Whether its gradient is a variable that terms are added to one after the other."""
        if place.template.gradient is None:
            return False
        if place.carried is not None:
            return True
        terms = place.template.terms
        if len(terms) > 1 and any(term.node.primitive is PUT for term in terms) and place.gathered is None:
            return True
        if place.gathered is not None:
            return False
        readers = self.consumers.get(place, [])
        for reader in readers:
            mine, its = place.body.chain(), reader.body.chain()
            if its[: len(mine)] != mine:
                raise Uneven(mine[-1].site, "a round's value is used after the loop")
        return any(reader.body is not place.body for reader in readers)

    def _is_buffer(self, place: Place) -> bool:
        return place.primitive in WRITES and place.carried is not None

    def _is_only_filled(self, place: Place) -> bool:
        """Whether a buffer's loop only writes into it, each entry once, and what it starts with has no gradient."""
        carried = place.carried
        assert carried is not None
        if isinstance(carried.start, Place) and carried.start.template.carries_gradient:
            return False
        readers = self.consumers.get(place, [])
        if any(carried.loop in reader.body.chain() and reader.primitive is not STORED for reader in readers):
            return False
        return self.is_written_once(place)

    def is_written_once(self, place: Place) -> bool:
        """Whether no entry of a buffer is written twice."""
        times = np.zeros(place.template.shape, int)
        node: Any = place.nodes[-1]
        while isinstance(node, Node) and node.primitive in WRITES:
            index = node.args[2]
            if node.primitive is ADDED or any(isinstance(part, Node) for part in flatten(index)):
                return False
            np.add.at(times, index, 1)
            node = node.args[0]
        return bool(times.max(initial=0) <= 1)

    @staticmethod
    def _home(place: Place) -> Body:
        return place.body if place.carried is None else place.carried.loop.parent

    def _zeros(self, place: Place) -> str:
        like = place
        while like.carried is not None:
            start = like.carried.start
            if not isinstance(start, Place):
                text = self.printer._operand(start)[0]
                return text if text.startswith("np.zeros") else f"np.zeros_like({text})"
            like = start
        return f"np.zeros_like({self._mention(like)})"

    def _mention(self, place: Place) -> str:
        self._named(place)
        return self.printer.reference(place.template)

    # ---- heads -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _array_of(item: LoopItem) -> tuple[str, Node] | None:
        """The array whose rows a loop runs over, with the name of the number of the round."""
        for place in item.body.items:
            if isinstance(place, Place) and place.primitive is TAKE and isinstance(place.template.args[1], Named):
                variable = place.template.args[1].expression
                if isinstance(variable, Variable) and variable.round.loop.site == item.site and place.is_fetched:
                    return variable.name, place.template.args[0]
        return None

    def _head(self, item: LoopItem, backwards: bool) -> str:
        """The loop's first line, as written or from the last round to the first.

        Raises:
            Uneven: what it runs over is not at hand outside of the function.
        """
        variables, _, iterable = item.head.removeprefix("for ").partition(" in ")
        over = self._array_of(item)
        if over is not None:  # its rows are taken out by their number
            index, array = over
            length = self.printer._dim(Dim(array, 0), array.shape[0])[0]
            return f"for {index} in {'reversed(' * backwards}range({length}){')' * backwards}:"
        if item.head.startswith("while"):
            raise Uneven(item.site, "how often it runs is decided on the way")
        inside = {name for loop in item.parent.chain() for name in loop.runs[0].rounds[0].variables}
        for name in {node.id for node in ast.walk(ast.parse(iterable, mode="eval")) if isinstance(node, ast.Name)}:
            if name in self.printer._reproducible:
                self.printer.sizes.add(name)
            elif name in self.trace.inputs and name in self.names.values() and f"{name}_2" not in self.taken:
                continue
            elif name not in inside and name not in self.trace.settings and name not in dir(builtins):
                raise Uneven(item.site, f"{name}, which it runs over, is not at hand")
        if not backwards:
            return f"for {variables} in {iterable}:"
        whole = iterable.startswith("range(") and iterable.endswith(")") and iterable.count("(") == iterable.count(")")
        return f"for {variables} in reversed({iterable if whole else f'list({iterable})'}):"
