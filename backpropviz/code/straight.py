"""The backward pass of a trace, step after step, as statements that a person would write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from backpropviz.code.listing import Listing, Statement, mentions
from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.trace import Trace
from backpropviz.errors import TraceError


def listing(trace: Trace, wanted: Collection[Node] = (), called: Mapping[Node, str] = MappingProxyType({})) -> Listing:
    """`derive`, in parts; the forward values are those that the backward pass uses, and `wanted`.

    Args:
        called: names for values that have none, and would be written out where they are used.
    """
    if not trace.upstream:
        trace.backward()
    graded = {name: node.gradient for name, node in trace.inputs.items() if node.gradient is not None}
    if not graded:
        raise TraceError(
            f"no input of {trace.function} gets a gradient", fix="Is the output computed from a float input at all?"
        )
    names = {**trace.gradient_names.shared, **called}
    draft = Printer(trace, names)
    _backward(trace, draft)
    # what is computed for its values anyway can also lend its shape; nothing else is computed only to be measured
    computed = _forward(trace, draft, draft.mentioned, measured=False)
    at_hand = {*trace.inputs.values(), *wanted, *(statement.node for statement in computed)}
    printer = Printer(trace, names, at_hand)
    backward = _backward(trace, printer)
    taken = trace.taken() | {statement.name for statement in backward}
    returns = []
    for name, gradient in graded.items():
        written = printer.reference(gradient)
        if f"d{name}" not in taken:
            last = backward[-1].step if backward else None  # a second name needs no heading of its own
            backward.append(Statement(f"d{name}", written, gradient, last))
            written = f"d{name}"
        returns.append(written)
    forward = _forward(trace, printer, [*printer.mentioned, *printer.measured, *wanted])
    sizes = printer.size_statements()
    text = "\n".join([*sizes, *map(str, forward), *map(str, backward)])
    settings = {name: value for name, value in trace.settings.items() if mentions(text, name)}
    upstream = [str(node.name) for node in trace.upstream.values()]
    name = f"{trace.layer}_backward"
    return Listing(
        name, upstream, list(trace.inputs), settings, printer.constants, sorted(printer.helpers), sizes,
        forward, backward, returns, _remarks(trace, printer), outputs=[node.name or "out" for node in wanted],
    )  # fmt: skip


def _remarks(trace: Trace, printer: Printer) -> list[str]:
    """What derived code cannot make by itself: arrays that it takes as arguments, numbers that are written out."""
    made = {size.names: size.statement for size in trace.sizes}
    remarks = []
    for name, array in printer.constants.items():
        statement = " ".join(made.get((name,), "").split())
        remarks.append(f"{name} {array.shape} is made by the layer itself" + (f": {statement}" if statement else ""))
    if printer.frozen:
        numbers = sorted(printer.frozen)
        verb = "belongs" if len(numbers) == 1 else "belong"
        remarks.append(f"{', '.join(numbers)} {verb} to the shapes that this was derived from")
    return remarks


def _backward(trace: Trace, printer: Printer) -> list[Statement]:
    """The backward statements: those of the last step first, then where the inputs' terms meet."""
    statements: list[Statement] = []
    groups: list[tuple[Step | None, Sequence[Node]]] = [(step, step.backward) for step in reversed(trace.steps)]
    groups.append((None, [node for node in trace.red.nodes if node.step is None and node.primitive is not None]))
    written = {printer.name(node) for node in trace.nodes}
    for step, nodes in groups:
        for node in nodes:
            name = printer.name(node)
            if name is not None and name not in written:
                written.add(name)
                statements.append(Statement(name, printer.code(node), node, step))
    return statements


def _forward(trace: Trace, printer: Printer, wanted: Iterable[Node], measured: bool = True) -> list[Statement]:
    """The statements that compute the `wanted` forward values and what those need, in the order of the run.

    With `measured`, also what they need for its shape alone.
    """
    values: dict[str | None, Node] = {}
    for node in trace.nodes:
        values.setdefault(printer.name(node), node)
    found: dict[Node, Statement] = {}
    waiting = set(wanted)
    while waiting:
        name = printer.name(waiting.pop())
        forward = values.get(name)
        if name is None or forward is None or forward.primitive is None or forward in found:
            continue
        printer.mentioned, printer.measured = set(), set()
        found[forward] = Statement(name, printer.code(forward), forward, forward.step)
        waiting |= printer.mentioned | (printer.measured if measured else set())
    return [found[node] for node in sorted(found, key=lambda node: node.index)]
