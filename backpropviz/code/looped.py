"""Puts derived code with loops together: what is computed forward, what is kept for the way back, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from backpropviz.code.blocks import flat
from backpropviz.code.listed import Lines
from backpropviz.code.listing import Listing, mentions
from backpropviz.code.places import NOTHING, OTHER_STEPS, Body, Fork, LoopItem, Merge, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.code.results import Results
from backpropviz.code.rolling import Roller
from backpropviz.code.tidying import branched
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.primitives.stores import ADDED, STORED


class Writer(Results):
    """Puts the parts together: what is computed forward, what is kept for the way back, and the way back."""

    def __init__(self, trace: Trace, program: Program, unrolled: dict[Any, str], apart: bool = False):
        self.trace, self.program, self.unrolled = trace, program, unrolled
        self.roller = Roller(trace, program, apart)
        self.printer = self.roller.printer
        self.saved: dict[Body, list[str]] = {}
        self.needed: set[Place] = set()
        self.stacks: dict[LoopItem, str] = {}  # for each outermost loop, the list of what its rounds keep
        self.results: dict[str, str] = {}

    def listing(self, wanted: Sequence[Node] = ()) -> Listing:
        trace, roller, printer = self.trace, self.roller, self.printer
        backward = roller.backward()
        returns = []
        for name, node in trace.inputs.items():
            if node.gradient is None:
                continue
            (own,) = roller._whole([name])
            if own in roller.kept:
                returns += [f"d{own}"] if f"d{own}" not in returns else []
                continue
            place = self.program.place[node]
            written = roller.gradient[place] if place in roller.collects else printer.reference(node.gradient)
            own = roller.gradient.get(place, f"d{name}")
            if written != own:
                backward.append(f"{own} = {written}")
            returns.append(own)
        places = [self.program.returned(node) for node in wanted]
        self.results = {root: roller._fresh(root) for root in sorted(roller.given_back)} if wanted else {}
        outputs = list(
            dict.fromkeys(self._result(node) or roller._named(self.program.returned(node)) for node in wanted)
        )
        self._restore([*printer.mentioned, *printer.measured], places)
        for item, head in roller.in_any_order.items():
            if not any(item in body.chain() for body in self.saved):
                head[0] = roller._head(item, backwards=False)
        forward = self._with_results(self._forward(self.program.body))
        sizes = printer.size_statements()
        lines = [*flat(forward), *flat(backward)]
        text = "\n".join([*sizes, *lines])
        parameters = roller._whole(trace.inputs)
        return Listing(
            f"{trace.layer}_backward", roller._arriving(), parameters,
            {n: value for n, value in trace.settings.items() if mentions(text, n) and n not in parameters},
            printer.constants, sorted(printer.helpers), sizes, returns=returns, remarks=told(self.trace, self.unrolled),
            rolled=(list(flat(forward)), list(flat(backward))), outputs=outputs,
            unrolled=list(self.unrolled.values()), stacks=list(self.stacks.values()),
        )  # fmt: skip

    # ---- forward values in the backward pass -------------------------------------------------------------------------

    def _restore(self, mentioned: list[Node], wanted: list[Place]) -> None:
        """Say at the start of every backward round how the forward values of that round come about.

        On the way forward, what is `wanted` is computed besides what the backward pass reads.
        """
        again: dict[Body, set[Place]] = {}
        waiting, known = [*self.roller.mentioned_in, *self._places(mentioned)], set()
        while waiting:
            place, last = waiting.pop()
            if (place, last) in known:
                continue
            known.add((place, last))
            self.needed.add(place)
            if not place.body.chain() or place in self.program.shelved:
                continue
            if self.roller._is_buffer(place):
                if not (self.roller.is_written_once(place) or self.roller.is_still_there(place)):
                    raise Uneven(place.body.chain()[-1].site, "an array is overwritten that is still needed")
                continue  # it is all there after the forward loop
            if last or not self._is_repeatable(place):
                names = self.saved.setdefault(place.body, [])
                name = self.roller.written[place] + "_last" * last
                if name not in names:
                    names.append(name)
            elif place not in again.setdefault(place.body, set()):
                again[place.body].add(place)
                waiting += self._read_by(place)
        for item in self.program.body.items:  # in the order they run in
            if isinstance(item, LoopItem) and any(item in body.chain() for body in self.saved):
                self._stack(item.body)
        for body in dict.fromkeys([*again, *self.saved]):
            if body not in self.roller.restored:
                continue
            slot = self.roller.restored[body]
            if body in self.saved:
                names = self.saved[body]
                slot.append(f"{', '.join(names)} = {self._stack(body)}.pop()")
            self.printer.loops |= {loop.site for loop in body.chain()}
            with self.roller._within(body):
                for item in body.items:
                    if isinstance(item, Place) and item in again.get(body, ()):
                        slot.append(f"{self.roller.written[item]} = {self.printer.code(item.template)}")
            self.printer.loops.clear()
        # what a round only computes again is not needed on the way forward
        self.needed -= {place for places in again.values() for place in places}
        self.needed.update(wanted)
        self.needed |= self.printer.listed
        waiting_places = list(self.needed)
        while waiting_places:
            place = waiting_places.pop()
            if isinstance(place, Merge):
                sources = [*place.makers.values()]
            else:
                sources = [self.program.source(place, node) for node in place.template.parents]
            if place.carried is not None and isinstance(place.carried.start, Place):
                sources.append(place.carried.start)
            for node in place.template.parents:
                if self.program.is_gathered(place, node) or (place, node) in self.program.past:
                    self.roller._list(self.program.place[node])
                    self.printer.listed.add(self.program.place[node])
            for source in sources:
                if source not in self.needed:
                    self.needed.add(source)
                    waiting_places.append(source)

    def _places(self, nodes: Iterable[Node]) -> list[tuple[Place, bool]]:
        """Whose values nodes are, and whether of the round before; the last one computed comes first off the end."""
        own = self.program.place
        nodes = sorted({node for node in nodes if node in own}, key=lambda node: node.index)
        return [self.roller.seen.get(node, (own[node], False)) for node in nodes]

    def _read_by(self, place: Place) -> list[tuple[Place, bool]]:
        """What the code of a place reads, by name."""
        kept, self.printer.mentioned = self.printer.mentioned, set()
        with self.roller._within(place.body):
            self.printer.code(place.template)
            found = self._places(self.printer.mentioned)
        self.printer.mentioned = kept | self.printer.mentioned
        return found

    def _is_repeatable(self, place: Place) -> bool:
        """Whether a backward round can compute the value again, from values outside of the loop alone."""
        if place.carried is not None or place.primitive in (STORED, ADDED) or isinstance(place, Merge):
            return False
        for node in place.template.parents:
            if (place, node) in self.program.past:
                continue
            if self.program.is_gathered(place, node):
                return False
            source, last = self.roller.seen_in.get(place.body, self.roller.seen)[node]
            mine, its = place.body.chain(), source.body.chain()
            if last or mine[: len(its)] != its or (its and not self._is_repeatable(source)):
                return False
        return True

    # ---- the forward pass --------------------------------------------------------------------------------------------

    def _forward(self, body: Body) -> Lines:
        lines: Lines = []
        for item in body.items:
            if isinstance(item, Place):
                made = item.primitive is not None or self._is_constant(item)
                if item in self.needed and made and item in self.roller.written:
                    if not isinstance(item, Merge):
                        lines.append(self._statement(item))
                    if item in self.printer.listed and item.listed_by is body.loop:
                        lines.append(f"{self.roller._list(item)}.append({self.roller.written[item]})")
                    if self.results and item in self.program.handed_out:
                        lines.append(self._put(item))
            elif isinstance(item, Fork):
                lines += self._fork(item)
            elif any(place in self.needed and self._runs_forward(place) for place in self.program.places(item.body)):
                lines += self._loop(item)
                for place in self.program.places(item.body):
                    if place in self.printer.listed and place.listed_by is body.loop:  # the last one
                        lines.append(f"{self.roller._list(place)}.append({self.roller.written[place]})")
        return lines

    def _fork(self, fork: Fork) -> Lines:
        """Both branches, as far as they are needed."""
        blocks = {}
        for outcome, branch in fork.branches.items():
            with self.roller._within(branch):
                block = [*self._lasts(branch), *self._forward(branch)]
            for merge in fork.merges:
                was = merge.makers[outcome]
                names = self.roller.written.get(merge), self.roller.written.get(was)
                if was.body is fork.parent and merge in self.needed and names[0] != names[1]:
                    block.append(f"{names[0]} = {names[1]}")
            blocks[outcome] = [*block, *self._kept(branch)]
        return branched(self.roller._test(fork), blocks[True], blocks[False])

    def _lasts(self, body: Body) -> Lines:
        """At the start of a round, what the round before left is kept where the round itself replaces it."""
        lines: Lines = []
        for place in (place for place in body.items if isinstance(place, Place)):
            if place in self.needed and self._is_looked_back_at(place):
                lines.append(f"{self.roller.written[place]}_last = {self.roller.written[place]}")
        return lines

    def _is_looked_back_at(self, place: Place) -> bool:
        """Whether a round reads what the round before it made there."""
        looks = [self.roller.seen, *self.roller.seen_in.values()]
        return any((place, True) in seen.values() for seen in looks) and not self.roller._is_buffer(place)

    def _kept(self, body: Body) -> Lines:
        """At the end of a round, what the way back needs of it goes into the list."""
        if body not in self.saved:
            return []
        names = self.saved[body]
        kept = f"({', '.join(names)})" if len(names) > 1 else names[0]
        return [f"{self._stack(body)}.append({kept})"]

    def _is_constant(self, place: Place) -> bool:
        return place.primitive is None and id(place.template.value) in self.trace.constants

    def _runs_forward(self, place: Place) -> bool:
        return place.primitive is not None

    def _statement(self, place: Place) -> str:
        node, name = place.template, self.roller.written[place]
        if self._is_constant(place):
            return f"{name} = {self.printer._array(node.value)[0]}"
        if place.carried is not None and place.primitive in (STORED, ADDED):
            value, index = node.args[1:]
            if place in self.roller.accumulated:
                return (
                    f"{name}[{self.printer._index(index)}] += {self.printer.argument(self.roller.accumulated[place])}"
                )
            if place.primitive is STORED:
                return f"{name}[{self.printer._index(index)}] = {self.printer.argument(value)}"
            return f"np.add.at({name}, {self.printer._index_value(index)}, {self.printer.argument(value)})"
        return f"{name} = {self.printer.code(node)}"

    def _loop(self, item: LoopItem) -> Lines:
        before: Lines = []
        for place in self.program.places(item.body):
            if place in self.needed and place.carried is not None and place.carried.loop is item:
                start = place.carried.start
                if start is NOTHING or place in self.roller.merges:
                    if place not in self.roller.merges and self._is_looked_back_at(place):
                        before.append(f"{self.roller.written[place]} = None")  # the first round makes it
                    continue
                text = self.printer._operand(start.template if isinstance(start, Place) else start)[0]
                copied = place.primitive in (STORED, ADDED) and not text.startswith("np.")
                if text != self.roller.written[place]:
                    before.append(f"{self.roller.written[place]} = {text}{'.copy()' if copied else ''}")
        for place in self.program.places(item.body):
            if place in self.printer.listed and place.listed_by is item:
                start = place.carried.start if place.carried is not None else None
                first = self.printer._operand(start.template if isinstance(start, Place) else start)[0]
                before.append(f"{self.roller._list(place)} = [{first if place in self.roller._with_start else ''}]")
        if item.parent.loop is None and any(item in body.chain() for body in self.saved):
            before.append(f"{self._stack(item.body)} = []")
        self.printer.loops.add(item.site)
        with self.roller._as_own(item.body):
            block = [*self._lasts(item.body), *self._forward(item.body), *self._kept(item.body)]
        head = self.roller._head(item, backwards=False)
        self.printer.loops.discard(item.site)
        return [*before, head, [*self.roller._guarded(item), *self.roller._counters(item), *block]]

    def _stack(self, body: Body) -> str:
        """The list that the rounds of an outermost loop keep their values in, for the way back."""
        outermost = body.chain()[0]
        if outermost not in self.stacks:
            self.stacks[outermost] = self.roller._fresh("saved")
        return self.stacks[outermost]


def told(trace: Trace, unrolled: dict[Any, str]) -> list[str]:
    """Why loops are written out, for the reader."""
    branches = " (what they do depends on values)" if trace.decisions else ""
    unrolled = {site: reason + branches * (reason == OTHER_STEPS) for site, reason in unrolled.items()}
    return [
        f"the loop of line {line} is written out round by round: {reason}" for (_, line, _), reason in unrolled.items()
    ]
