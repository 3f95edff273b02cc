"""Writes one term of a gradient: into its place, with its sign, and with names for what it needs twice."""

from __future__ import annotations

from backpropviz.code.binding import ATOM, BINDS
from backpropviz.code.listed import Lines, ListsOfRounds
from backpropviz.code.places import Place
from backpropviz.code.printing import NEGATIVE, PRODUCTS
from backpropviz.code.tidying import Whole
from backpropviz.engine.graph import Node
from backpropviz.engine.in_place import joined_index
from backpropviz.primitives.shapes import PUT, TAKE, picks_once


class Terms(ListsOfRounds):
    """Writes the terms of gradients of one program."""

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
            moved = node.is_view or node.primitive in (PUT, TAKE)
            if self.uses[node] > 1 and node not in self.collected and not moved:
                name = self._inner(node)
                lines.append(f"{name} = {self.printer.code(node)}")
                self.names[node] = name
        return lines

    def _settle(self, place: Place) -> Lines:
        """The gradient of a place, once all its terms are there."""
        red, terms = place.template.gradient, self.pending.get(place, [])
        if place in self.collects or red is None or not terms:
            return []
        texts = [term if isinstance(term, str) else self.printer.reference(term) for term in terms]
        if len(terms) > 1:
            name = self.gradient.get(place) or self._inner(red)
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

    @property
    def _red_nodes(self) -> set[Node]:
        if not hasattr(self, "_red"):
            self._red = set(self.trace.red.nodes)
        return self._red

    def _add(self, name: str, red: Node, whole: bool) -> Lines:
        """Add a term to a gradient: in its place, or (`whole`) as a new array, where the old one may be in use."""
        if red.primitive is PUT and red not in self.names:
            value, index, _ = red.args
            while isinstance(value, Node) and value.primitive is PUT and value not in self.names:
                joined = joined_index(index, value.args[1])  # d(x[i][j]) is a part of dx[i, j]
                if joined is None:
                    break
                value, index = value.args[0], joined
            lines = self._prepare(value) if isinstance(value, Node) else []
            if picks_once(index) if not isinstance(index, Node) else False:
                sign, text = self._signed(value)
                return [*lines, f"{name}[{self.printer._index(index)}] {sign}= {text}"]
            return [*lines, f"np.add.at({name}, {self.printer._index_value(index)}, {self.printer.reference(value)})"]
        lines = self._prepare(red)
        sign, text = self._signed(red, BINDS["+"] + 1 if whole else 0)
        own = self.printer.reference(red)
        # a name or a view is not the gradient's own, to be added to
        copied = f"{self.printer._bound(red, ATOM)}.copy()"
        alone = f"{name} = {own if whole or not self._shares(red) else copied}"
        return [*lines, Whole.of(f"{name} = {name} {sign} {text}" if whole else f"{name} {sign}= {text}", name, alone)]

    def _shares(self, red: Node) -> bool:
        return red in self.names or red.primitive is None or red.is_view or red.primitive is TAKE

    def _signed(self, red: Node, binds: int = 0) -> tuple[str, str]:
        """A term and its sign: `-= x` says `+= -x`, and `+= x * y` says `-= -x * y`."""
        negative = red.primitive is NEGATIVE and red not in self.names
        of = red.args[0] if negative else red
        own = self.printer._bound(of, binds) if negative else self.printer.reference(of)
        if own.startswith("-") and of.primitive in PRODUCTS and of not in self.names:
            own, negative = own[1:], not negative
        return "-" if negative else "+", own
