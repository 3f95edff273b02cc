"""What gradients are called: one room makes the names, and table, picture, page, derived code and JSON read them here.

The gradient of `x` is `dx`. Where several terms meet in it, they are `dx_1`, `dx_2`. A gradient that is handed on
unchanged keeps the name it has. What stands inside a step and is used more than once is `dy_inner`, after the step, or
goes by its operation: `sum_1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backpropviz.engine.graph import Node, Term
from backpropviz.engine.sharing import same_computations

if TYPE_CHECKING:
    from backpropviz.engine.tape import Tape
    from backpropviz.engine.trace import Trace
    from backpropviz.primitives.record import Primitive


DEEPEST = 50
"""Operations within operations that are written out in one expression."""


def name_red_nodes(nodes: Iterable[Node], red: Tape) -> None:
    """Give the red nodes that carry a term or a gradient its name, unless they have one already.

    Args:
        nodes: the forward run, from the output back.
    """
    for node in nodes:
        if not node.name or node.gradient is None:
            continue
        if len(node.terms) > 1:
            for term, name in zip(node.terms, _part_names(node.name, len(node.terms), red.taken)):
                if term.node.name is None:
                    term.node.name = red.unique(name)
        if node.gradient.name is None:
            node.gradient.name = red.unique(f"d{node.name}")


def _part_names(name: str, count: int, taken: Collection[Any]) -> list[str]:
    """dx_1, dx_2; but dx_part1, dx_part2 where the forward pass has an x_1 or x_2, whose gradient could be meant."""
    numbers = range(1, count + 1)
    clash = any(f"{name}_{number}" in taken for number in numbers)
    return [f"d{name}_{'part' if clash else ''}{number}" for number in numbers]


class GradientNames:
    """The names of one trace's gradients, after its backward pass.

    Args:
        nodes, red: those that are named, forward and back; without them, all. Where one round of a loop stands for the
            others, no other needs names.

    Attributes:
        shared: names for nodes without one, forward and red, that derived code uses more than once. A node that repeats
            the computation of another goes by that one's name.
        red: those of `shared` that say nothing of forward values without a name: for readers that show all of a step's
            forward code anyway.
        parts: the red nodes of `red` that are computed under their name, in order.
        terms: for every forward value with a name, what its terms are called.
    """

    def __init__(self, trace: Trace, nodes: Sequence[Node] | None = None, red: Sequence[Node] | None = None):
        self._nodes = trace.nodes if nodes is None else nodes
        red = trace.red.nodes if red is None else red
        self._red_nodes, self._upstream = set(red), trace.upstream
        self._deep: set[Node] = set()  # nodes that have a name because too much stands inside of them
        self._numbers: dict[str, int] = {}
        self._taken = trace.taken() | {node.name for node in trace.red.nodes}
        self.shared = self._shared((*self._nodes, *red))
        known = self._red_nodes | self._deep
        unnamed = {name for node, name in self.shared.items() if node not in known}
        self.red = {
            node: name
            for node, name in self.shared.items()
            if node in self._deep or (node in self._red_nodes and name not in unnamed)
        }
        written = {node.name for node in (*self._nodes, *red)}
        firsts = {name: node for node, name in reversed(self.red.items()) if name not in written}
        self.parts = {node: name for name, node in reversed(firsts.items())}
        self._owner = self._owners()
        self.terms = {node: self._term_names(node) for node in self._nodes if node.name and node.terms}

    def gradient(self, node: Node) -> str:
        """What the gradient of a value is called, for a value that has one."""
        red = node.gradient
        assert red is not None
        if len(self.terms.get(node, ())) == 1:
            return self.terms[node][0]
        return red.name or self.inside[red]

    @cached_property
    def inside(self) -> dict[Node, str]:
        """Names for all values without one, and for their gradients: for readers that open every step."""
        names = dict(self.shared)
        for node in self._nodes:
            if node.name or node.primitive is None:
                continue
            if node not in names:
                names[node] = fresh(f"{node.primitive.name}_1", self._taken, self._numbers)
            red = node.gradient
            if red is not None and node.step is not None and red.name is None and red not in names:
                names[red] = fresh(f"d{node.step.name}_inner", self._taken, self._numbers)
        return names

    def _shared(self, nodes: Sequence[Node]) -> dict[Node, str]:
        red = self._red_nodes
        first = same_computations(nodes)
        named: dict[Node, Node] = {}
        for node, alike in first.items():
            if node.name:
                named.setdefault(alike, node)
        uses = Counter([first.get(parent) for node in self._written_out(first) for parent in node.parents])
        inside = {node.gradient: node.step for node in self._nodes if node.gradient and node.step and not node.name}

        def named_anew(node: Node, primitive: Primitive) -> str:
            step = inside.get(node)
            name = f"{primitive.name}_1" if step is None else f"d{step.name}_inner"
            return fresh(name, self._taken, self._numbers)

        names: dict[Node, str] = {}
        height = dict.fromkeys(first, 0)  # how many operations deep a node is written out
        for node, alike in first.items():
            if node.name or node.primitive is None:
                continue
            deep = 1 + max([height.get(parent, 0) for parent in node.parents], default=0)
            same = named.get(alike)
            if same is not None and not (same in red and same.index > node.index):  # written before it is needed here
                names[node] = str(same.name)
            elif alike in names:
                names[node] = names[alike]
            elif uses.get(alike, 0) > 1 and not node.is_view:  # a view costs nothing to write out twice
                names[node] = named_anew(node, node.primitive)
            elif deep >= DEEPEST:
                self._deep.add(node)
                names[node] = named_anew(node, node.primitive)
            else:
                height[node] = deep
        return names

    def _written_out(self, first: dict[Node, Node]) -> set[Node]:
        """The red nodes, and the unnamed forward nodes that their code spells out.

        Of unnamed ones that compute the same, the first.
        """
        seen, found = set[Node](), set[Node]()
        waiting = [*self._red_nodes]
        while waiting:
            node = waiting.pop()
            if node in first and node not in seen and (node in self._red_nodes or not node.name):
                seen.add(node)
                found.add(node if node.name else first[node])
                waiting.extend(node.parents)
        return found

    def _owners(self) -> dict[Node, Node]:
        """For every red node the value it was made for; where it is passed on unchanged, others share it."""
        owner = {red: output for output, red in self._upstream.items()}
        for node in reversed(self._nodes):
            if node.name and node.gradient is not None:
                for term in node.terms:
                    owner.setdefault(term.node, node)
                owner.setdefault(node.gradient, node)
        return owner

    def _term_names(self, node: Node) -> list[str]:
        names: dict[str, None] = {}
        several = len(node.terms) > 1
        parts = _part_names(str(node.name), len(node.terms), self._taken) if several else [f"d{node.name}"]
        for term, part in zip(node.terms, parts):
            names[str(term.node.name) if self._is_own(term, node, names) else self._fresh_term(part)] = None
        return list(names)

    def _is_own(self, term: Term, node: Node, names: Collection[str]) -> bool:
        red = term.node
        return self._owner.get(red) is node and red.name is not None and red.name not in names

    def _fresh_term(self, name: str) -> str:
        """`name`, or the next free one after it: "dx_2"; "dx" and "dx_"."""
        stem, _, number = name.rpartition("_")
        while name in self._taken:
            number = str(int(number) + 1) if number.isdigit() else number
            name = f"{stem}_{number}" if stem and number.isdigit() else f"{name}_"
        self._taken.add(name)
        return name


def fresh(name: str, taken: set[Any], numbers: dict[str, int]) -> str:
    """`name`, or the next free one after it: "sum_1", "sum_2"; "ds_inner", "ds_inner_2".

    Args:
        numbers: how far each name was counted already, so that a thousandth is not looked for from the first on.
    """
    written = name
    stem, _, last = name.rpartition("_")
    stem, number = (stem, int(last)) if last.isdigit() else (name, 1)
    number = numbers.get(written, number)
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    numbers[written] = number
    taken.add(name)
    return name
