"""Reads a circuit off a trace: what each card shows, what the wires carry, and what is written on the red ones."""

from __future__ import annotations

from collections.abc import Iterator

from backpropviz.code.printing import Printer
from backpropviz.draw.boxes import boxes_of, identifier, loop_boxes
from backpropviz.draw.circuit import Box, Circuit, Edge, Vertex
from backpropviz.draw.handing import handed_back, summed
from backpropviz.draw.keys import Key, Keyed
from backpropviz.draw.names import folded_names, parts_shown, spelled_out
from backpropviz.engine.graph import Group, Node, Step, Term
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT

MANY = 6  # terms of a gradient that are written out where a card stands for steps


class Reader(Keyed):
    """Reads one circuit."""

    def read(self) -> Circuit:
        self.result = {key: self._result(key) for key in self.keys}
        self.names = self.trace.gradient_names if self.fold is None else self.fold.inside
        self.parts = parts_shown(self.names, self._shown)
        called = self.names.inside if self.ops else spelled_out(self.trace, self.names, self.parts)
        self.printer, self.handed = Printer(self.trace, called), dict[Node, tuple[Term, ...]]()
        if self.fold is not None:
            self.handed = handed_back(self.fold)
            known = {node.gradient for node in self.result.values()}
            whole = {*self._whole()}  # the terms of other gradients are told by no name, but as they are added up
            added = [*self.handed.values(), *(n.terms for n in self.result.values() if n not in whole)]
            parts = {term.node: "" for terms in added for term in terms if term.node not in known}
            self.printer = Printer(self.trace, called | folded_names(self.fold, self.result.values()) | parts)
            self.printer.loops = set(self.fold.numbers)
        self.vertices = {key: self._vertex(key) for key in self.keys}
        self._define_parts()
        self._hand_back()
        outside = {
            node: Vertex(f"outside_{number}", "outside", "", node.name or "", "", "", None)
            for number, node in enumerate(self._outputs(), 1)
        }
        away = [Edge(self._at(node), there) for node, there in outside.items()]
        vertices = [*self.vertices.values(), *outside.values()]
        return Circuit(self.trace, vertices, [*self._forward(), *away], self._backward(outside))

    def _whole(self) -> list[Node]:
        """The values whose gradient is not collected from all rounds of a folded loop."""
        return [node for node in self.result.values() if all(map(self._is_shown, node.terms))]

    def _at(self, node: Node) -> Vertex:
        key = self.owner[node]
        assert key is not None
        return self.vertices[key]

    def _gradient(self, node: Node) -> str:
        """The name of a gradient, and if it is a sum of terms or passed on unchanged, what it is equal to."""
        if node.gradient is None:
            return ""
        name = self._called(node)
        shown = [number for number, term in enumerate(node.terms) if self._is_shown(term)]
        if len(shown) > MANY and self.cards:
            return f"{name} = the sum of {len(shown):,} terms"
        terms = " + ".join(dict.fromkeys(self._carried(node, number) for number in shown))
        if len(shown) < len(node.terms):
            hands_on = node.primitive not in WRITES and self._is_handed_back(node)
            return f"{name} = {name} of the next round" if hands_on else name  # to which the wires add
        return name if terms == name else f"{name} = {terms}"

    def _called(self, node: Node) -> str:
        """The name of a gradient: in a folded loop that of every round, beside it the one that formulas use."""
        name = self.names.gradient(node)
        if self.fold is None or node.gradient is None:
            return name
        own, known = self.fold.gradients.get(node), self.printer.name(node.gradient)
        return ((own or known) if self.fold.loops(node) else (known or own)) or name

    def _is_handed_back(self, node: Node) -> bool:
        """Whether the terms of a gradient that are not shown come from the next round; rounds within add theirs up."""
        if self.fold is None:
            return False
        depth = len(self.fold.loops(node))
        hidden = (term.consumer for term in node.terms if not self._is_shown(term))
        return depth > 0 and all(len(self.fold.loops(consumer)) <= depth for consumer in hidden)

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def _vertex(self, key: Key) -> Vertex:
        node = self.result[key]
        if isinstance(key, Group):
            name, code = key.name or str(node.name), key.code or f"{key.function}(...)"
            name = name if self.fold is None else self.fold.names.get(node, name)
            label = "" if key in self.cards else key.label
            vertex = Vertex(identifier("group", key.label), "group", label, name, code, key.caption, node)
            vertex.boxes = loop_boxes(self.fold, node) + boxes_of(key.parent)
        elif isinstance(key, Step):
            code = key.statement if key.sets_a_part else key.code
            name = key.name if self.fold is None else self.fold.names.get(node, key.name)
            vertex = Vertex(identifier("step", key.label), "step", key.label, name, code, key.caption, node)
            vertex.boxes = loop_boxes(self.fold, node) + boxes_of(key.group)
        elif key in self.inputs:
            name = str(node.name) if self.fold is None else self.fold.names.get(node, str(node.name))
            vertex = Vertex(f"input_{key.index}", "input", "", name, "", "", node)
        else:
            vertex = self._operation(key)
        vertex.is_output = node in self.trace.outputs
        vertex.gradient = self._gradient(node)
        return vertex

    def _operation(self, node: Node) -> Vertex:
        step = self._step(node)
        assert step is not None
        label, caption = (step.label, step.caption) if node is step.node else ("", "")
        name, code = self.printer.reference(node), self.printer.code(node)
        vertex = Vertex(f"operation_{node.index}", "operation", label, name, code, caption, node)
        vertex.boxes = loop_boxes(self.fold, node) + boxes_of(step.group)
        if len(step.nodes) > 1:
            vertex.boxes += (Box(identifier("step", step.label), step.label, f"{step.name} = {step.code}"),)
        return vertex

    def _define_parts(self) -> None:
        """Say at every gate what the formulas around it use that goes by no value's name."""
        told = {self.names.gradient(node) for node in self.result.values() if node.gradient is not None}
        told |= {self.printer.reference(term.node) for node in self._whole() for term in node.terms}
        used = set(self.printer.temporaries.values())
        for red, name in self.parts.items():
            if name not in used:
                continue
            key = self.owner.get(red.step.node) if red.step is not None else None
            shown = red.step is not None and self._shown(red.step.node) is red.step.node
            summed = self.fold is not None and red.primitive is not None and red.primitive.name == "add"
            if key is not None and shown and not summed and not isinstance(key, Group) and name not in told:
                self.vertices[key].inner += (f"{name} = {self.printer.code(red)}",)

    def _hand_back(self) -> None:
        """Say at the gates of a folded loop what they hand to the round before."""
        for node, terms in self.handed.items():
            gates: dict[Key, list[Node]] = {}
            for term in terms:
                key = self.owner[term.consumer]
                if key is not None and not isinstance(key, Group):
                    gates.setdefault(key, []).append(term.node)
            # where several gates add up, apart from what came from the round after
            before = self.printer.name(terms[0].consumer.args[terms[0].position]) if len(gates) > 1 else None
            name, sign = (f"d{before}", "+=") if before else (self._called(node), "+=" if len(gates) > 1 else "=")
            for key, reds in gates.items():
                if [self.result[key].gradient] != reds or len(gates) > 1:  # else handed on as it came
                    self.vertices[key].inner += (f"{name} {sign} {summed([self._sent(red, key) for red in reds])}",)

    # ---- edges -------------------------------------------------------------------------------------------------------

    def _forward(self) -> Iterator[Edge]:
        """One edge for every use of a value; a closed group uses it once, and the rounds of a folded loop."""
        uses = ((self.owner[parent], self.owner[node]) for node in self.trace.nodes for parent in node.parents)
        drawn = set()
        for tail, head in uses if self.fold is None else dict.fromkeys(uses):
            if head is None or tail is None or head is tail or (tail, head) in drawn:
                continue
            if self.order[tail] > self.order[head]:
                continue  # what a round hands to the next one
            if isinstance(head, Group):
                drawn.add((tail, head))
            yield Edge(self.vertices[tail], self.vertices[head])

    def _backward(self, outside: dict[Node, Vertex]) -> list[Edge]:
        """One edge for every term of a gradient; those from one closed group to one vertex share an edge."""
        edges: dict[object, Edge] = {}
        several: dict[tuple[Key, Key], list[tuple[int, Node]]] = {}  # the terms that a card hands back
        called = {self._called(node) for node in self.result.values() if self.fold and node.gradient is not None}
        used = {*self.nodes, *self.trace.outputs, *(parent for node in self.nodes for parent in node.parents)}
        for node in sorted(used, key=lambda node: node.index):
            for number, term in enumerate(node.terms):
                is_shown = self._is_shown(term)
                if not is_shown and not (self.fold and self.fold.is_start(node, term.consumer)):
                    continue
                if self._shown(node) is not node and self._part(node, term):
                    continue  # each round takes its own, and one stands for all
                head, tail = self.owner[node], self.owner[term.consumer]
                if head is None or tail is None or (head is tail and term.position >= 0):
                    continue
                if term.position >= 0 and self.order[head] > self.order[tail]:
                    continue
                if not is_shown:  # what the loop hands to the value that it started with
                    known = edges.setdefault((tail, head), Edge(self.vertices[tail], self.vertices[head]))
                    name = self.names.gradient(node)
                    known.formula = known.formula or (name if name in called else self._called(node))
                    continue
                if term.position < 0 and node not in outside:
                    continue
                if term.position < 0:
                    edges[term] = Edge(outside[node], self.vertices[head], self.printer.reference(term.node))
                elif tail in self.cards:
                    several.setdefault((tail, head), []).append((number, node))
                elif (tail, head) in edges:
                    carried = (
                        self._formula(number, node, tail) if isinstance(tail, Group) else self._carried(node, number)
                    )
                    known = edges[tail, head]
                    known.formula += f" + {carried}" * (carried != known.formula)
                else:
                    edge = Edge(self.vertices[tail], self.vertices[head], self._formula(number, node, tail))
                    edges[(tail, head) if isinstance(tail, Group) else term] = edge
        for (card, head), terms in several.items():
            (number, node), count = terms[0], len(terms)
            formula = f"{self.names.gradient(node)} += {count:,} terms" if count > 1 else self._carried(node, number)
            edges[card, head] = Edge(self.vertices[card], self.vertices[head], formula)
        return list(edges.values())

    def _carried(self, node: Node, number: int) -> str:
        """What a term is called. One that a closed group hands on unchanged has a name that only its inside knows; and
        where all terms meet inside of it, it hands back their sum."""
        term, group = node.terms[number], self.owner[node.terms[number].consumer]
        if part := self._part(node, term):
            return part
        if isinstance(group, Group) and all(self.owner[other.consumer] is group for other in node.terms):
            return self._called(node)
        if isinstance(group, Group) and node in self.names.terms:
            return self.names.terms[node][number]
        return self.printer.reference(term.node)

    def _part(self, node: Node, term: Term) -> str:
        """What each round of a folded loop gets of what joins the values of all."""
        return "" if self.fold is None else self.fold.parts.get((self._shown(node), term.consumer), "")

    def _collected(self, target: Node, term: Term, tail: Key) -> str:
        """What each round adds to a gradient that all of them add to; what is in a closed group has no name outside."""
        stands, red = self._shown(target).gradient, term.node
        assert stands is not None
        name = self.printer.name(stands) or self.names.gradient(target)
        if isinstance(tail, Group):
            return f"{name} += {name} of each round"
        if red.primitive is PUT:
            value, index, _ = red.args
            return f"{name}[{self.printer._index(index)}] += {self._put(term.consumer, value)}"
        return f"{name} += {self._sent(red, tail)}"

    def _sent(self, red: Node, tail: Key) -> str:
        """What a gate sends: its own gradient, which goes by its name, or how it is computed."""
        result = self.result[tail]
        return self._called(result) if red is result.gradient else self.printer.code(red)

    def _put(self, taken: Node, value: Node) -> str:
        """What is put into a part of a gradient; of a part that rounds within add up, what each of them adds."""
        each = [term for term in taken.terms if self._is_shown(term)]
        added_up = taken not in self.result.values() and value is taken.gradient and 0 < len(each) < len(taken.terms)
        return summed([self.printer.code(term.node) for term in each]) if added_up else self.printer.reference(value)

    def _formula(self, number: int, target: Node, tail: Key) -> str:
        """What a red edge carries. A gradient that is passed on unchanged goes by its name."""
        term, name = target.terms[number], self._carried(target, number)
        if self._part(target, term):
            return f"{self._called(target)} += {name}" if len(target.terms) > 1 else name
        if self.fold is not None and any(not self._is_shown(other) for other in target.terms):
            return self._collected(target, term, tail)
        if isinstance(tail, Group) or term.node is self.result[tail].gradient:
            return name
        formula = code = self.printer.code(term.node)
        primitive, args = term.node.primitive, term.node.args
        if primitive is not None and primitive.name == "broadcast_to" and isinstance(args[0], Node):
            formula = self.printer.reference(args[0])  # NumPy repeats a value along an axis unasked
        return f"{name} = {formula}" if len(target.terms) > 1 and name != code else formula
