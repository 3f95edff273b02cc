"""What goes round in a loop: values that a round takes over and hands on, and gradients that add up the other way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Array, Node, Round, Term, bare
from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.primitives.shapes import PUT, picks_once
from backpropviz.primitives.stores import STORED
from backpropviz.show.records import AddedView, CarriedView


def carried(trace: Trace, round_: Round, printer: Printer) -> Iterator[CarriedView]:
    """The values that a round finds under a name and leaves, changed, under the same."""
    after = {step.written: step.node for step in trace.steps[round_.steps.start : round_.steps.stop]}
    found: dict[str, Node | Array] = dict(_taken_over(trace, round_, after))
    if round_.number == 0 and len(round_.loop.rounds) > 1:
        found |= {name: array for name, array in _constants(trace, round_, after).items() if name not in found}
    for name, before in found.items():
        node = after[name]
        uses = before.terms if isinstance(before, Node) else []
        terms = [term for term in uses if term.consumer.index in round_.nodes]
        arriving = [term for term in node.terms if term.position < 0 or term.consumer.index >= round_.nodes.stop]
        yield CarriedView(
            name=name,
            before_name=str(before.name) if isinstance(before, Node) else name,
            before=before.value if isinstance(before, Node) else before,
            after_name=str(node.name),
            after=node.value,
            filled=node.primitive in WRITES,
            formula=" + ".join(_code(trace, before, term, printer) for term in terms) or None,
            handed=summed(terms) if terms else None,
            arriving=summed(arriving) if arriving else None,
        )


def _code(trace: Trace, of: Node | Array, term: Term, printer: Printer) -> str:
    """How a term is computed, or what else it is called."""
    own = trace.gradient_names.terms.get(of, ()) if isinstance(of, Node) else ()
    if term.node.primitive is STORED and plain(term.node.args[1]) == 0 and term.node.name in own:
        return f"{printer.argument(term.node.args[0])}, but 0 at [{printer._index(term.node.args[2])}]"
    return printer.code(term.node) if term.node.name in own else printer.reference(term.node)


def _taken_over(trace: Trace, round_: Round, after: dict[str, Node]) -> Iterator[tuple[str, Node | Array]]:
    for node in trace.nodes[round_.nodes.start : round_.nodes.stop]:
        first = node.args[0] if node.primitive in WRITES else None
        if isinstance(first, np.ndarray) and node.step is not None and node.step.written in after:
            yield node.step.written, first
        for parent in node.parents:
            name = _written(parent)
            if parent.index < round_.nodes.start and name in after and _goes_on(trace, round_, parent, after[name]):
                yield name, parent


def _goes_on(trace: Trace, round_: Round, before: Node, after: Node) -> bool:
    """Whether what took a value's place is handed on: of an entry, `params[k] -= ...`, each round has its own."""
    last = round_.loop.rounds[-1]
    if before.primitive is not None or last is round_:
        return True
    return any(after in node.parents for node in trace.nodes[round_.nodes.stop : last.nodes.stop])


def _written(node: Node) -> str | None:
    """The name that a value was assigned to, without a version."""
    if node.primitive is None:
        return node.name
    return node.step.written if node.step is not None and node.step.node is node else None


def _constants(trace: Trace, round_: Round, after: dict[str, Node]) -> dict[str, Array]:
    """The constant arrays that a first round finds where the second finds what the first left: `h = np.zeros(H)`."""
    second = round_.loop.rounds[1]
    found: dict[str, Array] = {}
    if len(second.nodes) != len(round_.nodes):
        return found
    for own, next_ in zip(round_.nodes, second.nodes):
        for mine, its in zip(trace.nodes[own].args, trace.nodes[next_].args):
            if isinstance(mine, np.ndarray) and isinstance(its, Node) and its.index in round_.nodes:
                name = _written(its)
                if name in after:
                    found[str(name)] = mine
    return found


def added(trace: Trace, round_: Round, printer: Printer, outermost: Round) -> Iterator[AddedView]:
    """The gradients of values from outside that every round adds to; `outermost` is where the counting begins."""
    seen: set[Node] = set()
    taken = {id(view.before) for view in carried(trace, round_, printer)}
    for node in trace.nodes[round_.nodes.start : round_.nodes.stop]:
        for parent in node.parents:
            if parent in seen or parent.index >= outermost.loop.rounds[0].nodes.start or not parent.name:
                continue
            seen.add(parent)
            share = [term for term in parent.terms if term.consumer.index in round_.nodes]
            if not share or len(share) == len(parent.terms) or id(parent.value) in taken:
                continue
            later = [term for term in parent.terms if term.position < 0 or term.consumer.index >= round_.nodes.stop]
            before = summed(later) if later else np.zeros(parent.shape, parent.value.dtype)
            own = summed(share)
            formulas = tuple(adding(trace, parent, term, printer) for term in share)
            name = trace.gradient_names.gradient(parent)
            yield AddedView(name, str(parent.name), formulas, before, own, before + own)


def adding(trace: Trace, node: Node, term: Term, printer: Printer) -> str:
    """A term of a gradient as a statement that adds it: `dw[f] += dout[n, f, i, j] * patch`."""
    red, name = term.node, trace.gradient_names.gradient(node)
    if red.primitive is not PUT:
        return f"{name} += {_code(trace, node, term, printer)}"
    value, index = red.args[:2]
    text = printer.reference(value)
    if not isinstance(index, Node) and picks_once(index):
        return f"{name}[{printer._index(index)}] += {text}"
    return f"np.add.at({name}, {printer._index_value(index)}, {text})"


def summed(terms: Iterable[Term]) -> Array:
    """What terms amount to; those that fill one place of an array only touch that."""
    total: Array | None = None
    for term in terms:
        if total is None:
            total = np.array(term.node.value)
        elif term.node.primitive is PUT and not isinstance(term.node.args[1], Node):
            value, index = term.node.args[:2]
            np.add.at(total, bare(index), bare(value))
        else:
            total = total + term.node.value
    assert total is not None
    return total
