"""Prints the backward pass as NumPy code a person would write: a comment per step, in reverse order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.named import plain
from backpropviz.engine.numbering import bare_number
from backpropviz.errors import TraceError

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of derived code: a name and what it is computed as.

    Attributes:
        node: the value. step: whose forward pass it is part of, or whose backward pass; None for what lies outside.
        heading: what it stands under in place of its step's.
    """

    name: str
    code: str
    node: Node
    step: Step | None
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {self.code}"


@dataclass(slots=True)
class Listing:
    """Derived code in parts: what it needs, the forward values it uses, and the backward steps.

    Where loops are kept, `rolled` has both passes as lines, in place of `forward` and `backward`; `unrolled` says why
    others are not, and `stacks` are the lists that the backward pass uses up. `outputs` are the names of the values
    that were wanted besides.
    """

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
    remarks: list[str] = field(default_factory=list)
    rolled: tuple[list[str], list[str]] | None = None
    outputs: list[str] = field(default_factory=list)
    unrolled: list[str] = field(default_factory=list)
    stacks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        options = [f"{name}={plain(value)!r}" for name, value in self.settings.items()]
        signature = ", ".join(
            [*self.upstream, *self.parameters, *self.constants, *(["*", *options] if options else [])]
        )
        body = [*(f"# {remark}" for remark in self.remarks), *self.sizes]
        forward, backward = self.rolled or (list(map(str, self.forward)), titled(self.backward))
        if forward:
            body += ["# the forward values that the backward pass uses", *forward]
        body += ["", *backward] if body else backward
        body += ["", f"return {', '.join(self.returns)}"]
        return "\n".join([*imports(self.helpers), "", "", f"def {self.name}({signature}):", *indented(body), ""])


def imports(helpers: list[str]) -> list[str]:
    """The import lines of derived code; what is not "module.name" comes from this package."""
    lines = [*["import math"] * ("math" in helpers), "import numpy as np"]
    modules: dict[str, list[str]] = {}
    for helper in sorted({*helpers} - {"math"}):
        module, _, name = helper.rpartition(".")
        modules.setdefault(module or "backpropviz", []).append(name)
    if modules:
        lines += ["", *(f"from {module} import {', '.join(names)}" for module, names in sorted(modules.items()))]
    return lines


def bare_names(helpers: list[str]) -> list[str]:
    """What imported helpers are called in the code."""
    return [helper.rpartition(".")[2] for helper in helpers]


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}".rstrip() for line in lines]


def titled(statements: list[Statement]) -> list[str]:
    """Backward statements with a comment above those of every step."""
    lines: list[str] = []
    above: Step | None = None
    for statement in statements:
        if statement.heading:
            lines.append(f"# {statement.heading}")
        elif statement.step is not above:
            lines.append(f"# {title(statement.step)}")
        above = statement.step
        lines.append(str(statement))
    return lines


def title(step: Step | None) -> str:
    """What the backward statements of a step stand under."""
    if step is None:
        return "the inputs: where paths meet, they add up"
    return f"step {bare_number(step.label)}: {step.statement if step.sets_a_part else f'{step.name} = {step.code}'}"


def derive(trace: Trace) -> str:
    """`written`, as text."""
    return str(written(trace))


def written(trace: Trace) -> Listing:
    """The backward pass of a trace as a NumPy function of the upstream gradient, the inputs and the settings.

    Executed, it gives the same gradients as the trace. Sizes are written by name (`N`, `x.shape[0]`), so it also holds
    for inputs of other shapes with the same number of axes. Loops stay loops where all their rounds do the same.

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    if trace.loops:
        from backpropviz.code.rolled import rolled  # what only functions with loops need

        if not trace.upstream:
            trace.backward()
        reasons: list[str] = []
        code = rolled(trace, reasons=reasons)
        if code is None:
            code = listing(trace)
            code.remarks[:0] = reasons
    else:
        code = listing(trace)
    code.remarks += _called_again(trace)
    return code


def _called_again(trace: Trace) -> list[str]:
    """What is said of functions that call themselves: how deep is known for these inputs alone."""
    deepest: dict[str, int] = {}
    for group in trace.groups:
        around, depth = group.parent, int(group.function == trace.layer)
        while around is not None:
            depth += around.function == group.function
            around = around.parent
        if depth:
            deepest[group.function] = max(deepest.get(group.function, 0), depth)
    return [
        f"{name} calls itself, {depth} deep with these inputs: its calls are written out one after the other"
        for name, depth in deepest.items()
    ]


def listing(trace: Trace, wanted: Iterable[Node] = ()) -> Listing:
    """`derive`, in parts; the forward values are those that the backward pass uses, and `wanted`."""
    if not trace.upstream:
        trace.backward()
    graded = {name: node.gradient for name, node in trace.inputs.items() if node.gradient is not None}
    if not graded:
        raise TraceError(
            f"no input of {trace.function} gets a gradient", fix="Is the output computed from a float input at all?"
        )
    names = trace.gradient_names.shared
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


def mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
