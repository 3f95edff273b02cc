r"""Writes the backward pass as mathematics: one formula for every gradient, the last step's first.

In LaTeX or in plain text, with the same conventions: dx is the gradient of the loss with respect to x; i, j, k, ...
count along the first, second, third, ... axis of what is summed; n is the length of an axis without a name, and a
legend says of which; values stretch along missing axes as in NumPy, and shapes that differ by that alone are not
written; [x > 0] is 1 where it holds and 0 elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backpropviz.code.listing import title
from backpropviz.code.mathematics import Writer
from backpropviz.code.notation import Latex, Notation, Plain, width
from backpropviz.code.straight import listing

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula of the backward pass.

    Attributes:
        step: the number of the step whose backward pass it belongs to; empty for the inputs, where paths meet.
        title: that step's code. symbol: what is computed. text: from what. shape: its value's.
    """

    step: str
    title: str
    symbol: str
    text: str
    shape: tuple[int, ...]


def formulas(trace: Trace, notation: Notation) -> list[Formula]:
    """The backward pass of a trace, the last step's formulas first; before them, forward values without a name.

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    code = listing(trace)
    writer = Writer(trace, trace.gradient_names.shared, notation)
    unnamed = [statement for statement in code.forward if statement.node.name is None]
    written = []
    for statement in (*unnamed, *code.backward):
        node, step = statement.node, statement.step
        symbol = writer.symbol(statement.name, node in writer.red)
        text = writer.defined(node, statement.name)
        written.append(Formula(step.label if step else "", title(step), symbol, text, node.shape))
    return written


def forward_formulas(trace: Trace, notation: Notation) -> list[Formula]:
    """The forward pass of a trace, the first step's formula first; values without a name are written out."""
    writer = Writer(trace, {}, notation)
    return [
        Formula(
            step.label, title(step), writer.symbol(step.name), writer.defined(step.node, step.name), step.value.shape
        )
        for step in trace.steps
    ]


def taken(trace: Trace) -> set[str]:
    """The names that no other symbol can have."""
    named = {node.name for node in (*trace.nodes, *trace.red.nodes) if node.name}
    return {*named, *trace.settings, *trace.dims.values()}


def legend(notation: Latex | Plain) -> list[tuple[str, str]]:
    """The symbols of lengths in the formulas written so far, and what they are: "n is the length of x along i"."""
    if isinstance(notation, Latex):
        written = "${}$ is the length of ${}$ along ${}$"
    else:
        written = "{} is the length of {} along {}"
    return [(symbol, written.format(symbol, x, axis)) for (x, axis), symbol in notation.lengths.items()]


def latex(trace: Trace, name: str = "") -> str:
    r"""The backward pass as LaTeX, for amsmath: an `aligned` block with one line for every gradient.

    Args:
        name: what the layer is called; the function's name without one.
    """
    notation = Latex(taken(trace))
    written = formulas(trace, notation)
    lines = [
        f"% {_one_line(name or trace.function)}: the backward pass, from the last step to the first. Needs amsmath.",
        "% dx is the gradient of the loss with respect to x; i, j, k, ... count along the first, second, third axis.",
        r"\[",
        r"\begin{aligned}",
    ]
    above = None
    told = [rf"  & \text{{{line}}}" for _, line in legend(notation)]
    for number, formula in enumerate(written, 1):
        if formula.step != above:
            lines.append(f"  % {_one_line(formula.title)}")
        step = rf" && \text{{step {formula.step}}}" if formula.step and formula.step != above else ""
        end = r" \\" if number < len(written) or told else ""
        lines.append(f"  {formula.symbol} &= {formula.text}{step}{end}")
        above = formula.step
    return "\n".join([*lines, *([" \\\\\n".join(told)] if told else []), r"\end{aligned}", r"\]", ""])


def plain_text(trace: Trace) -> str:
    """The backward pass as plain text: a formula on every line, those of one step under its number."""
    notation = Plain(taken(trace))
    written = formulas(trace, notation)
    left = max(width(formula.symbol) for formula in written)
    digits = max(len(formula.step) for formula in written)
    lines: list[str] = []
    above = None
    for formula in written:
        step = formula.step if formula.step != above else ""
        pad = " " * (left - width(formula.symbol))
        lines.append(f"{step.rjust(digits)}  {formula.symbol}{pad} = {formula.text}".rstrip())
        above = formula.step
    told = [line for _, line in legend(notation)]
    where = [f"where {', '.join(told)}; i, j, k, ... count along the first, second, third axis"] if told else []
    return "\n".join([*lines, *where, ""])


def _one_line(text: str) -> str:
    return " ".join(text.split())
