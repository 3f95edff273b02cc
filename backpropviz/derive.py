"""Prints the backward pass as NumPy code a person would write: a comment per step, in reverse order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backpropviz.errors import TraceError
from backpropviz.graph import Node, Step, flatten
from backpropviz.named import plain
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
    red = Printer(trace.recording, _shared_names(trace))
    backward, used = _backward(trace, red)
    returns = []
    for name, gradient in graded.items():
        if red.reference(gradient) != f"d{name}":
            last = backward[-1].step if backward else None  # a second name needs no heading of its own
            backward.append(Statement(f"d{name}", red.reference(gradient), gradient, last))
        returns.append(f"d{name}")
    black = Printer(trace.recording, {node: name for node, name in red.temporaries.items() if not node.name})
    used |= set(wanted)
    forward = [
        Statement(red.temporaries.get(node) or str(node.name), black.code(node), node, node.step)
        for node in _closure(used, black)
    ]
    black.sizes |= red.sizes
    sizes = black.size_statements()
    text = "\n".join([*sizes, *map(str, forward), *map(str, backward)])
    settings = {name: value for name, value in trace.recording.settings.items() if _mentions(text, name)}
    helpers = sorted(black.helpers | red.helpers)
    constants = {**black.constants, **red.constants}
    upstream = [str(node.name) for node in trace.upstream.values()]
    name = f"{trace.function}_backward"
    return Listing(name, upstream, list(trace.inputs), settings, constants, helpers, sizes, forward, backward, returns)


def _shared_names(trace: Trace) -> dict[Node, str]:
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
    taken = {node.name for node in (*trace.nodes, *trace.red.nodes)}
    for node in (*trace.nodes, *trace.red.nodes):
        first = canonical.get(_computation(node), node)
        if node.name or node.primitive is None:
            continue
        if first.name or first in names:
            names[node] = first.name or names[first]
        elif uses[first] > 1 and _is_work(first):
            names[node] = _fresh(node.primitive.name, taken)
    return names


def _written_out(trace: Trace) -> list[Node]:
    """The red nodes, and the unnamed forward nodes that their code spells out."""
    found = dict.fromkeys(trace.red.nodes)
    waiting = list(found)
    while waiting:
        for parent in waiting.pop().parents:
            if not parent.name and parent not in found:
                found[parent] = None
                waiting.append(parent)
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
    rest = [arg for arg in node.args if not isinstance(arg, Node)]
    return node.primitive, node.parents, repr(rest), repr(sorted(node.kwargs.items(), key=lambda item: item[0]))


def _backward(trace: Trace, red: Printer) -> tuple[list[Statement], set[Node]]:
    """The backward statements, and the forward nodes they mention."""
    statements: list[Statement] = []
    used: set[Node] = set()
    forward = set(trace.nodes)
    groups: list[tuple[Step | None, list[Node]]] = [(step, step.backward) for step in reversed(trace.steps)]
    groups.append((None, [node for node in trace.red.nodes if node.step is None and node.primitive is not None]))
    written: set[str] = set()
    for step, nodes in groups:
        for node in nodes:
            name = node.name or red.temporaries.get(node)
            if name is not None and name not in written:
                written.add(name)
                statements.append(Statement(name, red.code(node), node, step))
                used |= {n for n in _mentioned(node, red) if n in forward}
    return statements, used


def _mentioned(node: Node, printer: Printer) -> set[Node]:
    """The nodes that the printed code of `node` refers to by name."""
    found: set[Node] = set()
    waiting = list(flatten((*node.args, *node.kwargs.values())))
    waiting += _shape_nodes((*node.args, *node.kwargs.values()))
    while waiting:
        parent = waiting.pop()
        if parent.name or parent in printer.temporaries:
            found.add(parent)
        else:
            waiting.extend(parent.parents)
            waiting.extend(_shape_nodes((*parent.args, *parent.kwargs.values())))
    return found


def _shape_nodes(values: Any) -> list[Node]:
    """Nodes that arguments mention through their shapes only."""
    return [value.node for value in values if hasattr(value, "node")]


def _closure(used: set[Node], printer: Printer) -> list[Node]:
    """`used` and what their own statements refer to, inputs left out, each name once, in the order of the run."""
    found: set[Node] = set()
    waiting = list(used)
    while waiting:
        node = waiting.pop()
        if node not in found and node.primitive is not None:
            found.add(node)
            waiting.extend(_mentioned(node, printer))
    named: dict[str, Node] = {}
    for node in sorted(found, key=lambda node: node.index):
        if node.name or node in printer.temporaries:
            named.setdefault(node.name or printer.temporaries[node], node)
    return list(named.values())


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
