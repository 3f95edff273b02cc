"""How a trace looks when of every loop one round is shown: its numbers, the loops, and terms from other rounds."""

from __future__ import annotations

from collections.abc import Iterator

from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Group, Loop, Node, Round, Step, Term
from backpropviz.engine.numbering import bare_number
from backpropviz.engine.rounds import Rounds, describe, outwards
from backpropviz.engine.trace import Trace
from backpropviz.show.carried import added, carried
from backpropviz.show.records import LoopView
from backpropviz.text import file_name


class Folded:
    """One trace with a choice of rounds; without one, every step stands by itself.

    Attributes:
        loops: those of which something is shown, in the order they began.
    """

    def __init__(self, trace: Trace, rounds: Rounds | None, printer: Printer):
        self.trace, self.rounds, self.printer = trace, rounds, printer
        self.loops: list[Loop] = [] if rounds is None else list(rounds.shown())
        self.shown_steps = {*(trace.steps if rounds is None else rounds.steps)}
        if rounds is not None:
            printer.loops = {loop.site for loop in self.loops if not rounds.is_expanded(loop)}
        self._over: dict[Node, list[Loop | None]] = {}
        self._within: dict[Node, Round] = {}  # rounds of comprehensions, which are no entries of their own
        entries = {*trace.loops} if rounds is None else {*rounds.loops}
        for loop in trace.loops:  # those within others come later
            for round_ in loop.rounds if loop not in entries else ():
                nodes = trace.nodes[round_.nodes.start : round_.nodes.stop]
                self._within.update(dict.fromkeys(nodes, round_))

    def is_shown(self, node: Node) -> bool:
        """Whether a node was made in a round that is shown: of a comprehension, the first."""
        if node.step not in self.shown_steps or self.rounds is None or node not in self._within:
            return node.step in self.shown_steps
        rounds = self.rounds
        return all(rounds.is_expanded(its.loop) or rounds.choice(its.loop) is its for its in self.chain(node))

    def chain(self, node: Node) -> tuple[Round, ...]:
        """The rounds that a node was made in."""
        if node in self._within:
            return outwards(self._within[node])
        return () if self.rounds is None or node.step is None else self.rounds.chains.get(node.step, ())

    def over(self, node: Node) -> list[Loop | None]:
        """For each term of a node's gradient the loop, if any, whose rounds send several, or one that is not shown."""
        if node not in self._over:
            loops = [self._sent_by(node, term) for term in node.terms]
            hidden = {loop for loop, term in zip(loops, node.terms) if loop and not self.is_shown(term.consumer)}
            self._over[node] = [loop if loop in hidden else None for loop in loops]
        return self._over[node]

    def sums(self) -> set[Node]:
        """The sums on the way to gradients that rounds add up: the table says `+=` of them, not how far they got."""
        found = set[Node]()
        for node in self.trace.nodes if self.rounds is not None else ():
            terms = {term.node for term in node.terms}
            waiting = [node.gradient] if node.gradient is not None and any(self.over(node)) else []
            while waiting:
                red = waiting.pop()
                if red not in terms:
                    found.add(red)
                    waiting += red.parents
        return found

    def spread(self) -> dict[Node, Node]:
        """The sums of what rounds within a round of a comprehension send to a value without a name, with that value."""
        within = (node for node in self._within if self.is_shown(node) and not node.name)
        return {node.gradient: node for node in within if node.gradient is not None and any(self.over(node))}

    def untold(self) -> set[Node]:
        """The red nodes of comprehensions that nothing shown is made of: they are those of other rounds."""
        sums = self.spread()
        waiting = [
            term.node
            for node in self.trace.nodes
            for term in (node.terms if self._within else ())
            if term.position < 0 or self.is_shown(term.consumer)
        ]
        told = set[Node]()
        while waiting:
            red = waiting.pop()
            if red not in told:
                told.add(red)
                terms = sums[red].terms if red in sums else ()
                waiting += [term.node for term in terms if self.is_shown(term.consumer)] if terms else red.parents
        steps = {node.step for node in self._within}
        return {red for step in steps if step is not None for red in step.backward if red not in told}

    def _sent_by(self, node: Node, term: Term) -> Loop | None:
        """The outermost folded loop that stands between a value and its use."""
        if self.rounds is None or term.position < 0:
            return None
        mine = self.chain(node)
        for depth, round_ in enumerate(self.chain(term.consumer)):
            same = depth < len(mine) and mine[depth] is round_
            if not same and not self.rounds.is_expanded(round_.loop):
                return round_.loop
        return None

    def which(self, node: Node, loop: Loop, terms: tuple[Term, ...]) -> str:
        """The rounds that terms come from, in words."""
        chains = list(dict.fromkeys(self.chain(term.consumer) for term in terms))
        own = next((round_ for round_ in self.chain(node) if round_.loop is loop), None)
        if len(chains) > 1:
            return f"{len(chains)} rounds"
        sender = next(round_ for round_ in chains[0] if round_.loop is loop)
        return "the round after" if own is not None and sender.number == own.number + 1 else describe(sender)

    def first(self, node: Node) -> str:
        """Which round of a comprehension a node is of, in words; empty outside of any."""
        return ", ".join(describe(round_) for round_ in self.chain(node)) if node in self._within else ""

    def label(self, thing: Step | Group) -> str:
        return thing.label if self.rounds is None else self.rounds.label(thing)

    def path(self, group: Group | None) -> tuple[str, ...]:
        return tuple(self.label(outer) for outer in enclosing(group))[::-1]

    def loop_numbers(self, step: Step, within: Group | None = None) -> tuple[int, ...]:
        """The loops around a step, as places in the list of those shown; or those of them around a group."""
        if self.rounds is None:
            return ()
        loops = [round_.loop for round_ in self.rounds.chains.get(step, ())]
        if within is not None:
            around = {*enclosing(within)} - {within}
            loops = [loop for loop in loops if loop.group is None or loop.group in around]
        return tuple(self.loops.index(loop) for loop in loops)

    def view(self, loop: Loop) -> LoopView:
        """A loop, and what goes round in it; of loops that consist of another one, that is told with the inner."""
        assert self.rounds is not None
        expanded = self.rounds.is_expanded(loop)
        round_ = self.rounds.choice(loop)
        around = round_
        while around.loop.outer is not None and self.rounds.only_runs(around.loop.outer.loop) is around.loop:
            around = around.loop.outer
        told = not expanded and self.rounds.only_runs(loop) is None
        first, *_, last = self._numbers(loop) * 2
        chain = self.loops_around(loop)
        return LoopView(
            label=first if first == last else f"{first}-{last}",
            groups=self.path(loop.group),
            loops=chain,
            head=loop.head,
            file=file_name(loop.file),
            line=loop.line,
            times=len(loop.rounds),
            others=self.rounds.others(loop),
            expanded=expanded,
            round=None if expanded else round_.number,
            shown="" if expanded else describe(round_),
            carried=tuple(carried(self.trace, round_, self.printer)) if told else (),
            added=tuple(added(self.trace, round_, self.printer, around)) if told else (),
        )

    def _numbers(self, loop: Loop) -> list[str]:
        """The numbers of what stands in a loop, as far as it is shown: steps and calls."""
        assert self.rounds is not None
        depth = 1 + len(list(enclosing(loop.group)))
        inside = [step for step in self.rounds.steps if any(r.loop is loop for r in self.rounds.chains[step])]
        return list(dict.fromkeys(".".join(bare_number(step.label).split(".")[:depth]) for step in inside))

    def round_numbers(self, step: Step) -> tuple[int, ...]:
        return () if self.rounds is None else tuple(round_.number for round_ in self.rounds.chains.get(step, ()))

    def loops_around(self, loop: Loop) -> tuple[int, ...]:
        found: list[int] = []
        while loop.outer is not None:
            loop = loop.outer.loop
            found.append(self.loops.index(loop))
        return tuple(found[::-1])


def enclosing(group: Group | None) -> Iterator[Group]:
    """A group and those around it, from the inside out."""
    while group is not None:
        yield group
        group = group.parent
