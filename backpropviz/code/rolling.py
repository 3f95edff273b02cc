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

from backpropviz.code.listed import Lines, Slot
from backpropviz.code.listing import title
from backpropviz.code.merging import left
from backpropviz.code.places import Body, Fork, LoopItem, Merge, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.code.terms import Terms
from backpropviz.code.tidying import Zeros, branched, sets, tidied, without_handing_on
from backpropviz.engine.backward import operands
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT
from backpropviz.primitives.stores import STORED


class Roller(Terms):
    """Writes the backward pass of one trace, as the program that it is.

    Attributes:
        apart: whether what is handed to the round before has a name of its own, wherever a round makes something of it.
    """

    def __init__(self, trace: Trace, program: Program, apart: bool = False):
        super().__init__(trace, program)
        self.apart = apart
        self.handed: set[Place] = set()  # carried values whose gradient was handed to the round before
        self.above: Any = None  # the step that the last comment was about
        self.restored: dict[Body, Slot] = {}
        self.in_any_order: dict[LoopItem, Slot] = {}  # loops whose rounds hand nothing on, with their heads
        self.begun.update(self.merges)  # they go by the gradient of what comes out of their fork

    # ---- the backward pass -------------------------------------------------------------------------------------------

    def backward(self) -> Lines:
        """The statements from the outputs back."""
        lines: Lines = [*self._begun_shelves()]
        self.begun |= self._added_up()
        for node, red in self.trace.upstream.items():
            place = self.program.returned(node)
            if place in self.upstream_of:
                if not place.body.chain():
                    self.pending.setdefault(place, []).append(self.upstream_of[place])
                continue
            if place.body.chain() and place.carried is None:
                raise Uneven(place.body.chain()[0].site, "a round's value is returned")
            if place in self.collects and self.gradient[place] == red.name:
                self.begun.add(place)  # it is read, never changed
            elif place in self.collects:
                copied = f"{red.name}.copy()" if node.shape else str(red.name)
                if place not in self.begun:
                    lines.append(f"{self.gradient[place]} = {copied}")
                else:
                    lines.append(f"{self.gradient[place]} += {red.name}")
                self.begun.add(place)
            else:
                self.pending.setdefault(place, []).append(red)
        return lines + self._reverse(self.program.body)

    def _reverse(self, body: Body) -> Lines:
        lines: Lines = []
        for item in reversed(body.items):
            lines += self._begin(body, item)
            if isinstance(item, Place):
                lines += self._hand_back(item)
            else:
                lines += self._fork(item) if isinstance(item, Fork) else self._loop(item)
        return tidied(lines)

    def _fork(self, fork: Fork) -> Lines:
        """Both branches, each from its end to its start."""
        blocks = {}
        for outcome, branch in fork.branches.items():
            slot = self.restored.setdefault(branch, Slot())
            with self._within(branch):
                lines = [line for merge in fork.merges for line in self._left_alone(merge, outcome)]
                lines = [*lines, *self._reverse(branch), *self._over_to_the_round_before(branch)]
            blocks[outcome] = [slot, *lines] if lines else []
        self.above = None
        return branched(self._test(fork), blocks[True], blocks[False])

    def _left_alone(self, merge: Merge, outcome: bool) -> Lines:
        """What comes out of a fork as it went in: its gradient goes to what it was."""
        was = merge.makers[outcome]
        if was.body is not merge.fork.parent or was not in self.gradient or merge not in self.gradient:
            return []
        name = self.gradient[was]
        if name == self.gradient[merge]:
            return []
        return [f"{name} = {name} + {self.gradient[merge]}"]

    def _over_to_the_round_before(self, body: Body) -> Lines:
        """At the end of a round, what is handed to the round before it takes the place of what came from the next."""
        lines: Lines = []
        for place in body.items:
            if isinstance(place, Place) and place in self.collects and place.carried and not self._is_buffer(place):
                name = self.gradient[place]
                if place not in self.merges:
                    lines.append(f"{name} = {name}_last" if place in self.handed else f"{name} = np.zeros_like({name})")
        return lines

    def _begin(self, body: Body, item: Place | LoopItem | Fork) -> Iterator[str]:
        """Zeros for what collects its terms from here on."""
        for place in self.program.places():
            if place not in self.collects or place in self.begun or self._home(place) is not body:
                continue
            inside = self._inside(item)
            if place.carried is not None and place.carried.loop is item:
                inside.append(place)
            read = any(reader in inside for reader in self.consumers.get(place, ()))
            if place in inside or read or (isinstance(item, Fork) and any(place in left(m) for m in item.merges)):
                self.begun.add(place)
                yield Zeros.of(self.gradient[place], self._zeros(place))
        branches = list(item.branches.values()) if isinstance(item, Fork) else []
        for node, (place, last) in self._all_seen(branches) if not isinstance(item, Place) else ():
            if not last or place.body is not body or place not in self.collects or place in self.handed:
                continue
            if isinstance(item, Fork) and self._is_buffer(place):
                continue
            if any(node in reader.template.parents for reader in self._inside(item)):
                self.handed.add(place)
                like = self.gradient[place] if isinstance(item, Fork) else self.printer.reference(node)
                yield f"{self.gradient[place]}_last = np.zeros_like({like})"
        for (reader, node), past in self.program.past.items():
            place = past.place
            reads = reader in self._inside(item)
            gets = any(term.consumer is reader.template for term in node.terms)
            if gets and reads and place not in self.listed and place.body.chain()[-1].parent is body:
                self.listed.add(place)
                self.printer.listed.add(place)
                name = self._list(place)
                single = name[:-1] if name[:-1] not in self.taken - {self.written[place]} else "each"
                yield f"{self._past_gradient(place)} = [np.zeros_like({single}) for {single} in {name}]"

    def _inside(self, item: Place | LoopItem | Fork) -> list[Place]:
        """The places that an item of a body is, or has in it."""
        if isinstance(item, Place):
            return [item]
        bodies = item.branches.values() if isinstance(item, Fork) else [item.body]
        return [place for body in bodies for place in self.program.places(body)]

    def _hand_back(self, place: Place) -> Lines:
        node = place.template
        red = node.gradient
        lines: Lines = []
        if red is None or node.primitive is None or place in self.undone or isinstance(place, Merge):
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
            if self.program.is_gathered(place, operand) or self.program.source(place, operand) in self.undone:
                continue  # the loop takes each round's part itself; what is only added to keeps its gradient
            for term in operand.terms:
                if term.consumer is node and term.position == position:
                    lines += self._contribute(place, operand, term.node)
        return [*([] if place.is_fetched else self._comment(place)), *lines] if lines else []

    def _taken_out(self, place: Place) -> Lines:
        """The gradient of what was written into a buffer, before its place there is set to zero."""
        node = place.template
        if not self._is_buffer(place) or place.primitive is not STORED or self._is_only_filled(place):
            return []
        if place in self.accumulated:
            return []  # what is added to keeps its gradient
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

    def _contribute(self, reader: Place, operand: Node, red: Node) -> Lines:
        """One term of the gradient of `operand`."""
        if (reader, operand) in self.index_of:
            past = self.program.past[reader, operand].place
            return self._add(f"{self._past_gradient(past)}[{self.index_of[reader, operand]}]", red, whole=False)
        place, last = self.seen[operand]
        if place not in self.collects:
            terms = self.pending.setdefault(place, [])
            lines = self._prepare(red)
            if len(self.consumers[place]) > 1 and red.primitive is not None and red not in self.names:
                if place in self.gradient:
                    name = self._fresh(f"{self.gradient[place]}_{len(terms) + 1}")
                else:
                    name = self._inner(red)
                lines.append(f"{name} = {self.printer.code(red)}")
                self.names[red] = name
            terms.append(red)
            return lines
        name = self.gradient[place]
        if self._is_buffer(place):
            if red.primitive is STORED and reader.primitive is STORED and operand is reader.template.args[0]:
                if self._is_only_filled(place) or reader in self.accumulated:
                    return []
                return [f"{name}[{self.printer._index(reader.template.args[2])}] = 0"]
            if red is reader.template.gradient and reader.primitive in WRITES:
                return []  # what was added to: its gradient stays where it is
        elif last:
            name += "_last"
            if place in self.handed:
                return self._add(name, red, whole=True)
            self.handed.add(place)
            if red.primitive is PUT and red not in self.names:
                return [f"{name} = np.zeros_like({self.printer.reference(operand)})", *self._add(name, red, whole=True)]
            text = self._prepare(red)
            return [*text, f"{name} = {self.printer.reference(red)}"]
        single = place in self.program.shelved and place not in self._added_up() and len(operand.terms) == 1
        return self._add(name, red, whole=single or (place.carried is not None and not self._is_buffer(place)))

    # ---- loops -------------------------------------------------------------------------------------------------------

    def _loop(self, item: LoopItem) -> Lines:
        places = list(self.program.places(item.body))
        if not any(place.template.gradient is not None for place in places):
            return []
        before = self._joined(item)
        self.printer.loops.add(item.site)
        slot = self.restored.setdefault(item.body, Slot())
        lines = self._gathered(item)
        with self._as_own(item.body):
            lines += self._reverse(item.body)
        lines += self._over_to_the_round_before(item.body)
        for place in self.handed:
            if place.body is item.body:
                lines = without_handing_on(lines, self.gradient[place], self.apart)
        if not lines:  # every round hands its gradient on as it is
            self.printer.loops.discard(item.site)
            return [*before, *self._handed_to_starts(item, places)]
        head = Slot([self._head(item, backwards=True)])
        if not self._hands_on(item, lines):
            self.in_any_order[item] = head
        self.printer.loops.discard(item.site)
        block = [*self._guarded(item), *self._counters(item), slot, *lines]
        return [*before, head, block, *self._handed_to_starts(item, places)]

    def _hands_on(self, item: LoopItem, lines: Lines) -> bool:
        """Whether what a round does to a gradient is seen by the round before it."""
        carried = (p for p in self.program.places(item.body) if p.carried is not None and p.carried.loop is item)
        return any(sets(lines, self.gradient[place]) for place in carried if place in self.gradient)

    def _handed_to_starts(self, item: LoopItem, places: list[Place]) -> Lines:
        """What a loop hands to the values that it started with."""
        after: Lines = []
        for place in places:
            if place.carried is not None and place.carried.loop is item and place in self.collects:
                start = place.carried.start
                if isinstance(start, Place) and start.template.carries_gradient and start.template.gradient is not None:
                    after += self._start(start, self.gradient[place])
                    if place in self.listed and place in self._with_start:
                        after += self._start(start, f"{self.list_gradients[place]}[0]")
        return after

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
