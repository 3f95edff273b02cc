"""Names in a program with loops: what its values and gradients are called where one round stands for all."""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from backpropviz.code.entries import Entries
from backpropviz.code.merging import left, merges
from backpropviz.code.past import counted_by
from backpropviz.code.places import NOTHING, Body, Gather, LoopItem, Merge, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.code.round_printer import RoundPrinter
from backpropviz.code.used import STACK
from backpropviz.engine.gradient_names import GradientNames
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.trace import Trace
from backpropviz.primitives.shapes import IDENTITY, PUT
from backpropviz.primitives.stores import STORED


class LoopNames(Entries):
    """The names of one trace, as the program that it is.

    Attributes:
        printer: writes nodes; its temporaries are the names of values as a loop's body sees them.
        of_all: what gradients are called in the rounds that stand for all.
    """

    printer: RoundPrinter

    def __init__(self, trace: Trace, program: Program):
        self.trace, self.program = trace, program
        self.names: dict[Node, str] = {}
        self.printer = RoundPrinter(trace, self.names)
        self.counted: dict[LoopItem, str] = {}
        self.counters: dict[LoopItem, dict[str, str]] = {}
        self.lists: dict[Place, str] = {}  # values that are used after their loop, with the list they are in
        self.undone: set[Place] = set()  # reads of what is only added to
        self.index_of: dict[tuple[Place, Node], str] = {}  # at which number a place reads such a list
        self.taken = {*trace.settings, *trace.inputs, *(name for size in trace.sizes for name in size.names)}
        self.taken |= {name for name, _ in trace.constants.values() if isinstance(name, str)}
        self.taken -= {step.written for step in trace.steps} - set(trace.inputs)  # no number or constant any more
        self.taken |= {str(red.name) for red in trace.upstream.values()}
        variables = (pair for loop in trace.loops for pair in loop.rounds[0].variables.items())
        self.taken |= {name for name, value in variables if not hasattr(value, "node")}  # `t` of `for t in range(T)`
        self.names.update((red, str(red.name)) for red in trace.upstream.values())
        self.written: dict[Place, str] = {}
        self.gradient: dict[Place, str] = {}
        self._name_entries()
        self.merges = merges(program)
        self.seen: dict[Node, tuple[Place, bool]] = {}
        self.seen_in: dict[Body, dict[Node, tuple[Place, bool]]] = {}
        self.own_views: set[Body] = set()
        self.mentioned_in: set[tuple[Place, bool]] = set()
        self.consumers: dict[Place, list[Place]] = {}
        self._read = {node for place in program.places() for node in place.template.parents}
        self.templates = sorted({place.template for place in program.places()}, key=lambda node: node.index)
        self.shown_red = self._shown_red()
        self._read |= {node for red in self.shown_red for node in red.parents}
        self.of_all = GradientNames(trace, self.templates, self.shown_red)
        # the names outside of loops are given: what stands in a loop makes way for them
        # and what a function that is called names makes way for what the layer itself names
        for place in sorted(program.places(), key=lambda place: (bool(place.body.chain()), _calls(place.template))):
            if place not in self.merges and place not in self.written:
                self._name(place)
        for maker, merge in self.merges.items():  # both branches write to what comes out of them
            self.written[maker] = self._named(merge)
            self.names[maker.template] = self.written[maker]
            if maker.body.fork is not None:
                self.seen_in.setdefault(maker.body, {})[maker.template] = (merge, False)
        for place in sorted(program.places(), key=lambda place: place.body.fork is not None):
            if not isinstance(place, Merge):
                self._look_around(place)
        self._find_counters()
        self._read_past()
        for place in self.program.places():
            for gather in place.gathers:
                self._measure_rounds(place, gather)
        for place in self.program.places():
            start = place.carried.start if place.carried is not None else NOTHING
            value = start.template if isinstance(start, Place) else start
            if start is not NOTHING and np.shape(getattr(value, "outline", value)) == place.template.shape:
                self.printer.starts.update(dict.fromkeys(place.nodes, value))
        self.left = {place for merge in program.places() if isinstance(merge, Merge) for place in left(merge)}
        self.collects = {place for place in program.places() if place in self.gradient or self._collects(place)}
        for place in self.collects:
            self._named(place)
        self.collected = {place.template.gradient for place in self.collects}  # these go by the sum's name
        self.accumulated = self._accumulated()
        self.uses = self._uses()
        # the gradients of values that are used once, by what hands them down
        self.owners = {
            place.template.gradient: place
            for place in self.written
            if len(place.template.terms) == 1 and place not in self.collects and place.template.gradient is not None
        }
        self.gradient |= {
            place: self._fresh(f"d{name}")  # the value of a loop comes before the one that it starts with
            for place, name in sorted(self.written.items(), key=lambda item: item[0].carried is None)
            if place.template.gradient and place not in self.gradient
        }
        self.gradient.update(
            (maker, self.gradient[merge]) for maker, merge in self.merges.items() if merge in self.gradient
        )
        for node, red in trace.upstream.items():  # of an array that is only filled, the gradient is read, never changed
            place = self.program.returned(node)
            if place in self.collects and self._is_buffer(place) and self._is_only_filled(place):
                readers = self.consumers.get(place, ())
                if all(reader.primitive is STORED or reader in self.undone for reader in readers):
                    self.gradient[place] = str(red.name)

    def _inner(self, red: Node) -> str:
        """A name for a gradient within a step: `dh_inner` of h = np.tanh(...), before the tanh."""
        if red in self.owners:
            return self.gradient[self.owners[red]]
        if red.step is None:
            return self._fresh("d_inner")
        place = self.program.place.get(red.step.node)
        name = red.step.written if place is None else self.written.get(place) or self._alone(place, red.step)
        return self._fresh(f"d{name}_inner")

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
            name = node.name or self.of_all.shared.get(node)
            if name:
                self.written[place] = name
                self.taken.add(name)
        elif node.name and node.step is not None:
            start = place.carried.start if place.carried is not None else None
            if isinstance(start, Place) and self._is_only_start(start, node.step.written):
                self.written[place] = self.written[start]  # h = h0, and then h in every round
            else:
                self.written[place] = self._fresh(self._alone(place, node.step))
        elif node.primitive is not None and self._shared_name(node).startswith(f"{node.primitive.name}_"):
            self.written[place] = self._fresh(self._described(place))  # code would spell it out more than once
        if place in self.written:
            self.names[node] = self.written[place]

    def _shared_name(self, node: Node) -> str:
        return self.of_all.shared.get(node, "")

    def _alone(self, place: Place, step: Step) -> str:
        """The name of one value: that of a list that holds them, `hs[t] = ...` or `hs.append(...)`, says many."""
        many = step.written
        stored = re.match(r"(\w+)\[(\w+)\]\s*([-+*/]|\*\*)?=", step.statement)
        if stored and stored[1] != many and not step.sets_a_part:
            return f"{stored[1]}_{stored[2]}"  # v_k of v[k] = ..., whatever the key was
        if step.sets_a_part or not step.statement.startswith((f"{many}[", f"{many}.append(")):
            return many
        one = re.sub(r"(?<=ss)es$|(?<=[^s])s$", "", many)
        if one in self.taken:
            loop = place.body.loop
            counter = counted_by(self.program, loop) if loop is not None else None
            one = f"{one}_{counter}" if counter else many
        return one

    @staticmethod
    def _described(place: Place) -> str:
        """A name for a value that has none: what a loop's variable is called, or else the operation."""
        if place.is_fetched and place.body.loop is not None:
            for name, value in place.body.loop.runs[0].rounds[0].variables.items():
                if getattr(value, "node", None) is place.nodes[0]:
                    return name
        if place.gathers:
            return "row" if place.primitive is STACK else "part"
        return f"{place.primitive.name}_1" if place.primitive is not None else "start"

    def _is_only_start(self, start: Place, written: str) -> bool:
        """Whether a value, assigned to the name that a loop goes on with, is used by that loop alone."""
        node = start.template
        if node.step is None or node.step.written != written or node is not node.step.node or node in self._read:
            return False
        return node not in self.trace.outputs and start.body is self.program.body and start in self.written

    def _named(self, place: Place) -> str:
        """The name of a place; one without gets one."""
        if place not in self.written:
            self.written[place] = self._fresh(self._described(place))
        for node, (of, last) in self.seen.items():
            if of is place:
                self.names[node] = self._as_seen(place, last)
        self.names.setdefault(place.template, self.written[place])
        return self.written[place]

    def _collects(self, place: Place) -> bool:
        """Whether its gradient is a variable that terms are added to one after the other."""
        if place.template.gradient is None:
            return False
        if place.carried is not None or isinstance(place, Merge) or place in self.merges or place in self.left:
            return True
        terms = place.template.terms
        if place.gathers or any(past.place is place for past in self.program.past.values()):
            return False
        if len(terms) > 1 and any(term.node.primitive is PUT for term in terms):
            return True
        readers = self.consumers.get(place, [])
        for reader in readers:
            mine, its = place.body.chain(), reader.body.chain()
            if its[: len(mine)] != mine:
                raise Uneven(mine[-1].site, "a round's value is used after the loop")
        return any(reader.body is not place.body for reader in readers)

    # ---- lists of what all rounds made -------------------------------------------------------------------------------

    def _list(self, place: Place) -> str:
        """The name of the list that a loop puts the values of all its rounds into."""
        if place not in self.lists:
            step, one = place.template.step, self._named(place)
            held = step is not None and place.template is step.node and not step.sets_a_part and step.written != one
            self.lists[place] = self._fresh(step.written if held and step is not None else f"{one}s")
            self.printer.lists.update((node, (place, self.lists[place])) for node in place.nodes if place.gathers)
        return self.lists[place]

    def _measure_rounds(self, place: Place, gather: Gather) -> None:
        """Note which axis of what joins the values of all rounds counts these."""
        joined, item = gather.reader.template, gather.loop
        given = joined.kwargs.get("axis", joined.args[1] if len(joined.args) > 1 else 0)
        stacks = joined.primitive is not None and joined.primitive.name == "stack"
        if stacks and all(node in place.nodes for node in joined.args[0]):
            axis = int(given) % joined.value.ndim
            often = partial(self._listed_often, place, item)
            self.printer.rounds.update(((node, axis), often) for node in gather.reader.nodes)

    def _listed_often(self, place: Place, item: LoopItem) -> str:
        """How often a loop runs that puts a value into a list."""
        often = self._often(item)
        return f"len({self._written_list(place)})" if often.startswith("len(") else often

    def _written_list(self, place: Place) -> str:
        self.printer.listed.add(place)
        return self._list(place)

    def _read_past(self) -> None:
        """How values that another loop made are written, where they are read one at a time."""
        pasts = self.program.past
        # lists begin with what the loop starts from, where some loop reads the value before the first
        self._with_start = {past.place for past in pasts.values() if past.before}
        for (reader, node), past in pasts.items():
            offset = past.offset + (past.sign > 0 and past.place in self._with_start)
            counter = "" if past.loop is None else past.variable or self._index(past.loop)
            if not counter:
                text = str(offset)
            elif past.sign > 0:
                text = counter if not offset else f"{counter} {'+' if offset > 0 else '-'} {abs(offset)}"
            else:
                text = f"{offset} - {counter}"
            self._named(past.place)
            self.index_of[reader, node] = text
            self.printer.elsewhere.setdefault(node, []).append(
                (past.loop, past.place, f"{self._list(past.place)}[{text}]")
            )

    def _home(self, place: Place) -> Body:
        """The body at the start of which its gradient begins: of a branch only where that alone reads it."""
        body = place.body if place.carried is None else place.carried.loop.parent
        if body.fork is None or all(reader.body is body for reader in self.consumers.get(place, [])):
            return body
        return body.whole

    def _zeros(self, place: Place) -> str:
        like = place
        while like.carried is not None and like.carried.start is not NOTHING:
            start = like.carried.start
            value = start.template.value if isinstance(start, Place) else start
            if not isinstance(start, Place) or (start.primitive is None and id(value) in self.trace.constants):
                text = self.printer._operand(value)[0]
                if not np.ndim(value):
                    return "0.0"
                return text if text.startswith("np.zeros") else f"np.zeros_like({text})"
            like = start
        while like.primitive is IDENTITY:  # prev = h0
            like = self.program.place[like.template.args[0]]
        return f"np.zeros_like({self._mention(like)})"

    def _mention(self, place: Place) -> str:
        self._named(place)
        return self.printer.reference(place.template)


def _calls(node: Node) -> int:
    """How many calls deep a value was made."""
    group, depth = node.step.group if node.step is not None else None, 0
    while group is not None:
        group, depth = group.parent, depth + 1
    return depth
