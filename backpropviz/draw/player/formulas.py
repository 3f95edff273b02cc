"""The formulas of the backward pass as MathML, which browsers set and screen readers read out."""

from __future__ import annotations

import html
import re
from collections.abc import Collection

from backpropviz.code.formulas import formulas, legend, taken
from backpropviz.code.notation import Latex
from backpropviz.engine.trace import Trace

LONGEST = 1_500
"""Characters of a formula in LaTeX; of a longer sum, the terms in the middle are left out."""


def by_step(trace: Trace, wanted: Collection[str]) -> dict[str, list[str]]:
    """The formulas of the `wanted` steps, each as HTML, under the step's number; those of the inputs under "0".

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    notation = Latex(taken(trace))
    lines: dict[str, list[str]] = {}
    for formula in formulas(trace, notation):
        if (formula.step or "0") in wanted:
            lines.setdefault(formula.step or "0", []).append(_shortened(f"{formula.symbol} = {formula.text}"))
    lengths = legend(notation)
    found = {}
    for step, written in lines.items():
        used = " ".join(written)
        told = [text for symbol, text in lengths if re.search(rf"(?<![\\\w]){re.escape(symbol)}(?![\w])", used)]
        found[step] = [*(_mathematics(line) for line in written), *map(_sentence, told)]
    return found


def _shortened(formula: str) -> str:
    terms = formula.split(" + ")
    if len(formula) <= LONGEST or len(terms) < 8:
        return formula
    return " + ".join([*terms[:3], r"\cdots", *terms[-2:]])


def _sentence(text: str) -> str:
    """Words with mathematics between dollar signs."""
    return "".join(
        _mathematics(part) if number % 2 else html.escape(part) for number, part in enumerate(text.split("$"))
    )


_LETTER = '<mi mathvariant="italic">'
_WORD = re.compile(rf"(?:{_LETTER}[^<]</mi>){{2,}}")


def _mathematics(latex: str) -> str:
    """MathML, in which a name of several letters is one identifier: it is set, and read out, as a word."""
    from latex2mathml.converter import convert

    return _WORD.sub(lambda word: f"<mi class='name'>{re.sub('<[^>]*>', '', word[0])}</mi>", convert(latex))
