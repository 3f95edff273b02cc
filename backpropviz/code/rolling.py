"""Writes the backward pass of a program with loops: each loop once, run from its last round to its first.

The rules are those of the adjoint of a program. A value used in several places collects their terms; one from outside
of a loop collects them over all rounds, in an array of zeros that is added to (`dw += ...`). What a round takes over
from the round before it, `prev`, has a gradient that is handed back the other way: `dprev` arrives from the round
after, `dprev_last` goes to the round before. An array that is filled in place has a gradient of which each round takes
its part. Forward values that only the loop itself can compute are kept in a list by a forward loop, and taken out of it
in the reverse order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backpropviz.code.derive import title
from backpropviz.code.loop_names import LoopNames
from backpropviz.code.places import Body, LoopItem, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT, picks_once
from backpropviz.primitives.stores import STORED

Lines = list[Any]
"""Code: lines, blocks of lines further in (lists), and places to fill in later (`Slot`)."""


class Slot(list[str]):
    """Lines that are known later, on the level where it stands."""


class Roller(LoopNames):
    """Writes the backward pass of one trace, as the program that it is."""

    def __init__(self, trace: Trace, program: Program):
        super().__init__(trace, program)
        self.pending: dict[Place, list[Any]] = {}
        self.begun: set[Place] = set()
        self.handed: set[Place] = set()  # carried values whose gradient was handed to the round before
        self.above: Any = None  # the step that the last comment was about
        self.restored: dict[Body, Slot] = {}

    # ---- the backward pass -------------------------------------------------------------------------------------------

    def backward(self) -> Lines:
        """The statements from the outputs back."""
        lines: Lines = []
        for node, red in self.trace.upstream.items():
            place = self.program.place[node]
            if place.gathered is not None or (place.body.chain() and place.carried is None):
                raise Uneven(place.body.chain()[0].site, "a round's value is returned")
            if (
                place in self.collects
                and self._is_buffer(place)
                and self._is_only_filled(place)
                and not self._used(place)
            ):
                self.gradient[place] = str(red.name)  # it is read, never changed
                self.begun.add(place)
            elif place in self.collects:
                copied = f"{red.name}.copy()" if node.shape else str(red.name)
                if place not in self.begun:
                    lines.append(f"{self._gradient_name(place, red)} = {copied}")
                else:
                    lines.append(f"{self.gradient[place]} += {red.name}")
                self.begun.add(place)
            else:
                self.pending.setdefault(place, []).append(red)
        return lines + self._reverse(self.program.body)

    def _used(self, place: Place) -> bool:
        """Whether a value is used outside of the loop that makes it, so that its gradient has several terms."""
        return any(reader.primitive is not STORED for reader in self.consumers.get(place, ()))

    def _gradient_name(self, place: Place, red: Node) -> str:
        if self.gradient[place] == red.name:
            self.gradient[place] = self._fresh(f"{red.name}_rest")
        return self.gradient[place]

    def _reverse(self, body: Body) -> Lines:
        lines: Lines = []
        for item in reversed(body.items):
            lines += self._begin(body, item)
            lines += self._hand_back(item) if isinstance(item, Place) else self._loop(item)
        return lines

    def _begin(self, body: Body, item: Place | LoopItem) -> Iterator[str]:
        """Zeros for what collects its terms from here on."""
        for place in self.program.places():
            if place not in self.collects or place in self.begun or self._home(place) is not body:
                continue
            inside = [item] if isinstance(item, Place) else list(self.program.places(item.body))
            if place.carried is not None and place.carried.loop is item:
                inside.append(place)
            if place in inside or any(reader in inside for reader in self.consumers.get(place, ())):
                self.begun.add(place)
                yield f"{self.gradient[place]} = {self._zeros(place)}"

    def _hand_back(self, place: Place) -> Lines:
        node = place.template
        red = node.gradient
        lines: Lines = []
        if red is None or node.primitive is None:
            return self._settle(place)
        lines += self._settle(place)
        if red not in self.names and place in self.collects:
            self.names[red] = self.gradient[place]
        if place not in self.collects and not self.pending.get(place):
            return lines
        if place in self.collects:
            self.names[red] = self.gradient[place]
        lines += self._taken_out(place)
        for position, operand in list(operands(node))[:: -1 if node.primitive in WRITES else 1]:
            if self.program.place[operand].gathered is node:
                continue
            for term in operand.terms:
                if term.consumer is node and term.position == position:
                    lines += self._contribute(place, operand, term.node)
        return [*self._comment(place), *lines] if lines else []

    def _taken_out(self, place: Place) -> Lines:
        """The gradient of what was written into a buffer, before its place there is set to zero."""
        node = place.template
        if not self._is_buffer(place) or place.primitive is not STORED or self._is_only_filled(place):
            return []
        value = node.args[1]
        if not isinstance(value, Node):
            return []
        lines = []
        for term in value.terms:
            if term.consumer is node and term.node not in self.names:
                name = self._fresh(f"{self.gradient[place]}_part")
                lines.append(f"{name} = {self.printer.code(term.node)}.copy()")
                self.names[term.node] = name
        return lines

    def _comment(self, place: Place) -> Lines:
        """The statement of a step, above its backward pass."""
        step = place.template.step
        if step is None or (place.body, step) == self.above:
            return []
        self.above = place.body, step
        return [f"# {' '.join(step.statement.split())}" if place.body.chain() else f"# {title(step)}"]

    def _settle(self, place: Place) -> Lines:
        """The gradient of a place, once all its terms are there."""
        red, terms = place.template.gradient, self.pending.get(place, [])
        if place in self.collects or red is None or not terms:
            return []
        texts = [term if isinstance(term, str) else self.printer.reference(term) for term in terms]
        if len(terms) > 1:
            name = self.gradient.get(place) or self._fresh("d_inner")
            self.names[red] = name
            return [f"{name} = {' + '.join(texts)}"]
        (term,) = terms
        if isinstance(term, str):
            self.names[red] = term
            return []
        lines = self._prepare(term)
        named = place in self.written and place.template.step is not None and place.template.step.node is place.template
        if term not in self.names and term.primitive is not None and named:
            lines.append(f"{self.gradient[place]} = {self.printer.code(term)}")
            self.names[term] = self.gradient[place]
        return lines

    def _prepare(self, red: Node) -> Lines:
        """Names for what stands in a gradient's expression more than once."""
        found: list[Node] = []
        waiting, known = [red], set()
        while waiting:
            node = waiting.pop()
            if node in known or node in self.names or node.primitive is None or node.index < 0:
                continue
            known.add(node)
            if node in self._red_nodes:
                found.append(node)
                waiting.extend(node.parents)
        lines = []
        for node in sorted(found, key=lambda each: each.index):
            if node is not red and self.uses[node] > 1 and not node.is_view and node.primitive is not PUT:
                name = self._fresh(f"{node.primitive.name}_1" if node.primitive else "part")
                lines.append(f"{name} = {self.printer.code(node)}")
                self.names[node] = name
        return lines

    @property
    def _red_nodes(self) -> set[Node]:
        if not hasattr(self, "_red"):
            self._red = set(self.trace.red.nodes)
        return self._red

    def _contribute(self, reader: Place, operand: Node, red: Node) -> Lines:
        """One term of the gradient of `operand`."""
        place, last = self.seen[operand]
        if place not in self.collects:
            terms = self.pending.setdefault(place, [])
            lines = self._prepare(red)
            if len(self.consumers[place]) > 1 and red.primitive is not None and red not in self.names:
                if place in self.gradient:
                    name = self._fresh(f"{self.gradient[place]}_{len(terms) + 1}")
                else:
                    name = self._fresh(f"{red.primitive.name}_1")
                lines.append(f"{name} = {self.printer.code(red)}")
                self.names[red] = name
            terms.append(red)
            return lines
        name = self.gradient[place]
        if self._is_buffer(place):
            if red.primitive is STORED and reader.primitive is STORED and operand is reader.template.args[0]:
                if self._is_only_filled(place):
                    return []
                return [f"{name}[{self.printer._index(reader.template.args[2])}] = 0"]
            if red is reader.template.gradient:
                return []  # what was added to: its gradient stays where it is
        elif last:
            name += "_last"
            text = self._prepare(red)
            value = self.printer.reference(red)
            first = place not in self.handed
            self.handed.add(place)
            return [*text, f"{name} = {value}" if first else f"{name} = {name} + {value}"]
        return self._add(place, name, red)

    def _add(self, place: Place, name: str, red: Node) -> Lines:
        if red.primitive is PUT and red not in self.names:
            value, index, _ = red.args
            lines = self._prepare(value) if isinstance(value, Node) else []
            text = self.printer.reference(value)
            if picks_once(index) if not isinstance(index, Node) else False:
                return [*lines, f"{name}[{self.printer._index(index)}] += {text}"]
            return [*lines, f"np.add.at({name}, {self.printer._index_value(index)}, {text})"]
        lines = self._prepare(red)
        text = self.printer.reference(red)
        if place.carried is not None and not self._is_buffer(place):
            return [*lines, f"{name} = {name} + {text}"]
        return [*lines, f"{name} += {text}"]

    # ---- loops -------------------------------------------------------------------------------------------------------

    def _loop(self, item: LoopItem) -> Lines:
        places = list(self.program.places(item.body))
        if not any(place.template.gradient is not None for place in places):
            return []
        self.printer.loops.add(item.site)
        slot = self.restored.setdefault(item.body, Slot())
        lines = self._gathered(item)
        lines += self._reverse(item.body)
        for place in item.body.items:
            if isinstance(place, Place) and place in self.collects and place.carried and not self._is_buffer(place):
                name = self.gradient[place]
                lines.append(f"{name} = {name}_last" if place in self.handed else f"{name} = np.zeros_like({name})")
        head = self._head(item, backwards=True)
        self.printer.loops.discard(item.site)
        after: Lines = []
        for place in places:
            if place.carried is not None and place.carried.loop is item and place in self.collects:
                start = place.carried.start
                if isinstance(start, Place) and start.template.carries_gradient and start.template.gradient is not None:
                    after += self._start(start, self.gradient[place])
        return [head, [slot, *lines], *after]

    def _start(self, start: Place, gradient: str) -> Lines:
        """What the loop hands to the value that it started with."""
        if start in self.collects:
            own = self.gradient[start]
            if start in self.begun:
                return [f"{own} = {own} + {gradient}"]
            self.begun.add(start)
            return [f"{own} = {gradient}"]
        self.pending.setdefault(start, []).append(gradient)
        return []

    def _gathered(self, item: LoopItem) -> Lines:
        """The terms of values that are joined after the loop: each round's is its own part."""
        for place in item.body.items:
            if not isinstance(place, Place) or place.gathered is None or place.template.gradient is None:
                continue
            joined = place.gathered
            red = joined.gradient
            rounds = item.runs[0].rounds
            names = [name for name, value in rounds[0].variables.items() if type(value) is int and value == 0]
            name = next((n for n in names if [r.variables.get(n) for r in rounds] == list(range(len(rounds)))), None)
            if joined.primitive is None or joined.primitive.name != "stack" or red is None or name is None:
                raise Uneven(item.site, "its rounds are joined in a way that is not known")
            axis = int(joined.kwargs.get("axis", joined.args[1] if len(joined.args) > 1 else 0)) % len(joined.shape)
            text = f"{self.printer.reference(red)}[{':, ' * axis}{name}]"
            if place in self.collects:
                return [f"{self.gradient[place]} = {self.gradient[place]} + {text}"]
            self.pending.setdefault(place, []).append(text)
        return []
