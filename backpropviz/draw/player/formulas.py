"""The formulas of the backward pass as MathML, which browsers set and screen readers read out."""

from __future__ import annotations

import html
import re

from backpropviz.code.formulas import formulas, legend, taken
from backpropviz.code.notation import Latex
from backpropviz.engine.trace import Trace


def by_step(trace: Trace) -> dict[str, list[str]]:
    """The formulas of every step, each as HTML, under the step's number; those of the inputs under "0".

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    notation = Latex(taken(trace))
    lines: dict[str, list[str]] = {}
    for formula in formulas(trace, notation):
        lines.setdefault(formula.step or "0", []).append(f"{formula.symbol} = {formula.text}")
    lengths = legend(notation)
    found = {}
    for step, written in lines.items():
        used = " ".join(written)
        told = [text for symbol, text in lengths if re.search(rf"(?<![\\\w]){re.escape(symbol)}(?![\w])", used)]
        found[step] = [*(_mathematics(line) for line in written), *map(_sentence, told)]
    return found


def _sentence(text: str) -> str:
    """Words with mathematics between dollar signs."""
    return "".join(
        _mathematics(part) if number % 2 else html.escape(part) for number, part in enumerate(text.split("$"))
    )


def _mathematics(latex: str) -> str:
    from latex2mathml.converter import convert

    return convert(latex)
