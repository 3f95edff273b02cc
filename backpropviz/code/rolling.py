"""Writes the backward pass of a program with loops: each loop once, run from its last round to its first.

The rules are those of the adjoint of a program. A value used in several places collects their terms; one from outside
of a loop collects them over all rounds, in an array of zeros that is added to (`dw += ...`). What a round takes over
from the round before it, `prev`, has a gradient that is handed back the other way: `dprev` arrives from the round
after, `dprev_last` goes to the round before. An array that is filled in place has a gradient of which each round takes
its part. Forward values that only the loop itself can compute are kept in a list by a forward loop, and taken out of it
in the reverse order.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.code.derive import title
from backpropviz.code.printing import Printer, Text
from backpropviz.code.program import Body, LoopItem, Place, Program, Uneven
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node, flatten
from backpropviz.engine.named import Dim, Named, Variable
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT, TAKE, picks_once
from backpropviz.primitives.stores import ADDED, STORED

MOST = 20_000  # operations written out

Lines = list[Any]
"""Code: lines, blocks of lines further in (lists), and places to fill in later (`Slot`)."""


class Slot(list[str]):
    """Lines that are known later, on the level where it stands."""


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


class Roller:
    """Writes one trace, as the program that it is.

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
        self.pending: dict[Place, list[Any]] = {}
        self.begun: set[Place] = set()
        self.handed: set[Place] = set()  # carried values whose gradient was handed to the round before
        self.restored: dict[Body, Slot] = {}
        self.above: Any = None  # the step that the last comment was about

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
