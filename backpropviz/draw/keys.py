"""What every node of a trace belongs to in a picture: itself, its step, or the closed group around it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from backpropviz.draw.boxes import upward
from backpropviz.engine.graph import Group, Node, Step, Term

if TYPE_CHECKING:
    from backpropviz.code.folding import Fold
    from backpropviz.engine.trace import Trace

Key = Node | Step | Group


class Keyed:
    """A trace of which every node belongs to a key; of a folded loop, one round stands for all."""

    def __init__(
        self,
        trace: Trace,
        ops: bool,
        opened: set[Group],
        fold: Fold | None = None,
        stretches: Mapping[Node, Group] = MappingProxyType({}),
    ):
        self.trace, self.ops, self.opened, self.fold, self.stretches = trace, ops, opened, fold, stretches
        self.cards = {card: node for node, card in stretches.items()}  # each with its last node
        self.inputs = set(trace.inputs.values())
        self.assigned = {step.node: step for step in trace.steps}
        self.stands_for: Mapping[Node, Node] = MappingProxyType({}) if fold is None else fold.stands_for
        self.nodes = list(dict.fromkeys(map(self._shown, trace.nodes)))  # one round for all of a folded loop
        self.owner = {node: self._key(node) for node in self.nodes}
        self.owner |= {node: self.owner[shown] for node, shown in self.stands_for.items()}
        self.keys = list(dict.fromkeys(key for key in self.owner.values() if key is not None))
        self.order = {key: number for number, key in enumerate(self.keys)}

    def _key(self, node: Node) -> Key | None:
        if node in self.inputs:
            return self._shown(node)
        if node in self.stretches:
            return self.stretches[node]
        node = self._shown(node)
        step = self._step(node)
        if step is None:  # computed after the last assignment, and not returned
            return None
        if (shown := self._shown(step.node)) is not step.node:  # a view on the way to an entry, that nothing else uses
            node, step = shown, self._step(shown) or step
        closed = [group for group in upward(step.group) if group not in self.opened]
        if closed:
            return closed[-1]
        return node if self.ops else step

    def _shown(self, node: Node) -> Node:
        """The node that stands for this one: in a folded loop, that of the round that is shown."""
        return self.stands_for.get(node, node)

    def _step(self, node: Node) -> Step | None:
        return self.assigned.get(node, node.step)

    def _result(self, key: Key) -> Node:
        """The node whose value and gradient a vertex shows."""
        if isinstance(key, Node):
            return key
        if isinstance(key, Step):
            return key.node
        if key in self.cards:
            return self.cards[key]
        steps = [step for step in self.trace.steps if key in upward(step.group)]
        return next((step for step in steps if step.name == key.name), steps[-1]).node

    def _outputs(self) -> list[Node]:
        """The outputs that leave the picture: of those that every round makes, one."""
        there = dict.fromkeys(node for node in self.trace.outputs if self.owner.get(node) is not None)
        return [node for node in there if (shown := self._shown(node)) is node or shown not in there]

    def _is_shown(self, term: Term) -> bool:
        """Whether a term comes from a round that is shown."""
        return term.position < 0 or self.stands_for.get(term.consumer, term.consumer) is term.consumer
