"""The formulas of both passes as MathML, which browsers set and screen readers read out."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping

from backpropviz.code.formulas import Formula, formulas, forward_formulas, legend, taken
from backpropviz.code.notation import Latex
from backpropviz.engine.trace import Trace

LONGEST = 1_500
"""Characters of a formula in LaTeX; of a longer sum, the terms in the middle are left out."""


Symbols = Mapping[tuple[str, str], list[str]]
"""The formulas of every step, each as HTML, under the pass and the step's number."""


def by_step(trace: Trace, wanted: Collection[str]) -> Symbols:
    """The formulas of the `wanted` steps; those of the inputs' gradients stand under "0".

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    notation = Latex(taken(trace))
    lines: dict[tuple[str, str], list[str]] = {}
    passes: dict[str, list[Formula]] = {
        "forward": forward_formulas(trace, notation), "backward": formulas(trace, notation)
    }  # fmt: skip
    for direction, every in passes.items():
        for formula in every:
            step = formula.step or "0"
            if step in wanted:
                line = _shortened(f"{formula.symbol} = {formula.text}")
                lines.setdefault((direction, step), []).append(line)
    lengths = legend(notation)
    found = {}
    for place, written in lines.items():
        used = " ".join(written)
        told = [text for symbol, text in lengths if re.search(rf"(?<![\\\w]){re.escape(symbol)}(?![\w])", used)]
        found[place] = [*(_mathematics(line) for line in written), *map(_sentence, told)]
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


_ALONE = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">'  # what a file of its own begins with
_WORD = re.compile(r'<mi mathvariant="(italic|normal)">[^<]</mi>(?:<mi mathvariant="\1">[^<]</mi>)+')
_UPRIGHT = "<mi class='upright'>"


def _mathematics(latex: str) -> str:
    """MathML as it stands in HTML; a name of several letters is one identifier: it is set, and read out, as a word."""
    from latex2mathml.converter import convert

    written = convert(latex).replace(_ALONE, "<math>")
    written = re.sub(r"<mi>(?=\w\w)", _UPRIGHT, written)  # exp, log
    return _WORD.sub(_word, written)


def _word(letters: re.Match[str]) -> str:
    return f"{'<mi>' if letters[1] == 'italic' else _UPRIGHT}{re.sub('<[^>]*>', '', letters[0])}</mi>"
