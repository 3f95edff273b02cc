"""Prints the backward pass as NumPy code a person would write: a comment per step, in reverse order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.errors import TraceError
from backpropviz.graph import Node, Step
from backpropviz.named import Dim, Name, Named, NamedTuple, Operation, Shape, plain
from backpropviz.printing import Printer

if TYPE_CHECKING:
    from backpropviz.trace import Trace


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of derived code: a name and what it is computed as.

    Attributes:
        node: the value. step: whose forward pass it is part of, or whose backward pass; None for what lies outside.
    """

    name: str
    code: str
    node: Node
    step: Step | None

    def __str__(self) -> str:
        return f"{self.name} = {self.code}"


@dataclass(slots=True)
class Listing:
    """Derived code in parts: what it needs, the forward values it uses, and the backward steps."""

    name: str
    upstream: list[str]
    parameters: list[str]
    settings: dict[str, Any]
    constants: dict[str, Any]
    helpers: list[str]
    sizes: list[str]
    forward: list[Statement] = field(default_factory=list)
    backward: list[Statement] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        options = [f"{name}={plain(value)!r}" for name, value in self.settings.items()]
        signature = ", ".join(
            [*self.upstream, *self.parameters, *self.constants, *(["*", *options] if options else [])]
        )
        body = [*self.sizes]
        if self.forward:
            body += ["# the forward values that the backward pass uses", *map(str, self.forward)]
        backward = titled(self.backward)
        body += ["", *backward] if body else backward
        body += ["", f"return {', '.join(self.returns)}"]
        return "\n".join([*imports(self.helpers), "", "", f"def {self.name}({signature}):", *indented(body), ""])


def imports(helpers: list[str]) -> list[str]:
    """The import lines of derived code."""
    lines = ["import numpy as np"]
    if helpers:
        lines += ["", f"from backpropviz import {', '.join(helpers)}"]
    return lines


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}".rstrip() for line in lines]


def titled(statements: list[Statement]) -> list[str]:
    """Backward statements with a comment above those of every step."""
    lines: list[str] = []
    above: Step | None = None
    for statement in statements:
        if statement.step is not above:
            above = statement.step
            lines.append(f"# {title(above)}")
        lines.append(str(statement))
    return lines


def title(step: Step | None) -> str:
    """What the backward statements of a step stand under."""
    return f"step {step.label}: {step.name} = {step.code}" if step else "the inputs: where paths meet, they add up"


def derive(trace: Trace) -> str:
    """The backward pass of a trace as a NumPy function of the upstream gradient, the inputs and the settings.

    Executed, it gives the same gradients as the trace. Sizes are written by name (`N`, `x.shape[0]`), so it also holds
    for inputs of other shapes with the same number of axes.

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    return str(listing(trace))


def listing(trace: Trace, wanted: Iterable[Node] = ()) -> Listing:
    """`derive`, in parts; the forward values are those that the backward pass uses, and `wanted`."""
    if not trace.upstream:
        trace.backward()
    graded = {name: node.gradient for name, node in trace.inputs.items() if node.gradient is not None}
    if not graded:
        raise TraceError(
            f"no input of {trace.function} gets a gradient", fix="Is the output computed from a float input at all?"
        )
    names = shared_names(trace)
    draft = Printer(trace.recording, names)
    _backward(trace, draft)
    # what is computed for its values anyway can also lend its shape; nothing else is computed only to be measured
    at_hand = _closure(trace, draft, draft.mentioned, lambda: draft.mentioned)
    at_hand |= {*trace.inputs.values(), *wanted}
    printer = Printer(trace.recording, names, at_hand)
    backward = _backward(trace, printer)
    taken = trace.recording.taken() | {statement.name for statement in backward}
    returns = []
    for name, gradient in graded.items():
        written = printer.reference(gradient)
        if f"d{name}" not in taken:
            last = backward[-1].step if backward else None  # a second name needs no heading of its own
            backward.append(Statement(f"d{name}", written, gradient, last))
            written = f"d{name}"
        returns.append(written)
    forward = _forward(trace, printer, {*printer.mentioned, *printer.measured, *wanted})
    sizes = printer.size_statements()
    text = "\n".join([*sizes, *map(str, forward), *map(str, backward)])
    settings = {name: value for name, value in trace.recording.settings.items() if _mentions(text, name)}
    upstream = [str(node.name) for node in trace.upstream.values()]
    name = f"{trace.function}_backward"
    return Listing(
        name, upstream, list(trace.inputs), settings, printer.constants, sorted(printer.helpers), sizes,
        forward, backward, returns,
    )  # fmt: skip


def shared_names(trace: Trace) -> dict[Node, str]:
    """Names for unnamed nodes that the backward pass uses more than once.

    A node that repeats the computation of a named one goes by that name; others are numbered.
    """
    canonical: dict[Any, Node] = {}
    names: dict[Node, str] = {}
    for node in (*trace.nodes, *trace.red.nodes):
        key = _computation(node)
        if key is not None and node.name and not (key in canonical and canonical[key].name):
            canonical[key] = node
        elif key is not None:
            canonical.setdefault(key, node)
    uses: Counter[Node] = Counter()
    for node in _written_out(trace):
        uses.update(canonical.get(_computation(parent), parent) for parent in node.parents)
    taken = trace.recording.taken() | {node.name for node in trace.red.nodes}
    red = set(trace.red.nodes)
    for node in (*trace.nodes, *trace.red.nodes):
        first = canonical.get(_computation(node), node)
        if node.name or node.primitive is None:
            continue
        if first in red and first.index > node.index:  # not written yet where this one is needed
            first = node
        if first.name or first in names:
            names[node] = first.name or names[first]
        elif uses[first] > 1 and _is_work(first):
            names[node] = _fresh(node.primitive.name, taken)
    return names


def _written_out(trace: Trace) -> list[Node]:
    """The red nodes that lead to an input, and the unnamed forward nodes that their code spells out."""
    found: dict[Node, None] = {}
    red = set(trace.red.nodes)
    waiting = [node.gradient for node in trace.inputs.values() if node.gradient is not None]
    while waiting:
        node = waiting.pop()
        if node not in found and (node in red or not node.name):
            found[node] = None
            waiting.extend(node.parents)
    return list(found)


def _is_work(node: Node) -> bool:
    """Whether writing the node out twice would compute something twice."""
    return not node.is_view


def _fresh(name: str, taken: set[Any]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return f"{name}_{number}"


def _computation(node: Node) -> Any:
    """What makes two nodes the same computation; None for inputs."""
    if node.primitive is None:
        return None
    return node.primitive, _identity(node.args), _identity(tuple(sorted(node.kwargs.items())))


def _identity(value: Any) -> Any:
    """An argument as a key: sizes by the expression they came from, since equal numbers may differ for other inputs."""
    if isinstance(value, Named | NamedTuple):
        return _identity(value.expression)
    if isinstance(value, Operation):
        return value.symbol, _identity(value.left), _identity(value.right)
    if isinstance(value, Dim):
        return value.node, value.axis
    if isinstance(value, Shape):
        return value.node
    if isinstance(value, tuple | list):
        return tuple(map(_identity, value))
    if isinstance(value, slice):
        return tuple(map(_identity, (value.start, value.stop, value.step)))
    if isinstance(value, Node | Name):
        return value
    return id(value) if isinstance(value, np.ndarray) else (type(value), repr(value))


def _backward(trace: Trace, printer: Printer) -> list[Statement]:
    """The backward statements: those of the last step first, then where the inputs' terms meet."""
    statements: list[Statement] = []
    groups: list[tuple[Step | None, list[Node]]] = [(step, step.backward) for step in reversed(trace.steps)]
    groups.append((None, [node for node in trace.red.nodes if node.step is None and node.primitive is not None]))
    written: set[str] = set()
    for step, nodes in groups:
        for node in nodes:
            name = printer.name(node)
            if name is not None and name not in written:
                written.add(name)
                statements.append(Statement(name, printer.code(node), node, step))
    return statements


def _forward(trace: Trace, printer: Printer, wanted: set[Node]) -> list[Statement]:
    """The statements that compute the `wanted` forward values, each name once, in the order of the run."""
    order: dict[str | None, int] = {}
    for node in trace.nodes:
        order.setdefault(printer.name(node), node.index)
    needed = _closure(trace, printer, wanted, lambda: printer.mentioned | printer.measured)
    statements: dict[str, Statement] = {}
    for node in sorted(needed, key=lambda node: (order[printer.name(node)], node.index)):
        name = str(printer.name(node))
        statements.setdefault(name, Statement(name, printer.code(node), node, node.step))
    return list(statements.values())


def _closure(trace: Trace, printer: Printer, wanted: set[Node], mentioned: Callable[[], set[Node]]) -> set[Node]:
    """The `wanted` forward values and those that their own statements mention, inputs left out."""
    forward = {node for node in trace.nodes if node.primitive is not None}
    found: set[Node] = set()
    waiting = wanted & forward
    while waiting:
        found |= waiting
        printer.mentioned, printer.measured = set(), set()
        for node in waiting:
            printer.code(node)
        waiting = (mentioned() & forward) - found
    return found


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
