"""A closed form for readers: as code with what was proved, as formulas, as a record."""

from __future__ import annotations

import builtins
import re
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from backpropviz.code.formulas import legend, taken
from backpropviz.code.listing import bare_names, imports
from backpropviz.code.mathematics import Writer
from backpropviz.code.notation import Latex, Plain
from backpropviz.layers.library import load
from backpropviz.study.closed.form import MOST_CANDIDATES, ClosedForm
from backpropviz.study.closed.limits import limit_of
from backpropviz.study.closed.lines import Line, lines_of, made_of
from backpropviz.study.closed.reasons import Change, is_size
from backpropviz.study.values.trees import called, expression

_PAGE, _HEADINGS, _SMALL = 60, 12, 2
"""Lines of a page, those of an explanation that are neither steps nor say what a name is, and how many operations a
change may save that is told in short where there is no room."""


def told(form: ClosedForm) -> str:
    """What was found, and what it was held against, as comment lines."""
    shapes = f"of {form.proof.shapes} shapes" if not form.proof.fixed else "of the one shape that it takes"
    held = f"equal to the recorded gradients to 1e-10 on {_in_words(form.proof.runs)} random inputs {shapes}"
    ended = (
        f"\nthe search ended at its bound of {form.candidates:,} candidates: something shorter may exist"
        if form.is_cut_short
        else ""
    )
    if not form.is_shorter:
        looked = f"{form.candidates:,} candidates in {form.searched} searches"
        return f"nothing shorter was found for {form.layer} among {looked}: {form.before} operations{ended}"
    proved = f"\nproved symbolically for {form.algebra.words}" if form.algebra.holds else ""
    counted = f"{form.after} operations in place of {form.before}"
    if form.after == form.before:
        counted = f"{form.after} operations as before, of fewer forward values"
    return f"{counted}, found by search:\n{held}{proved}{ended}"


def proved_how(form: ClosedForm) -> str:
    """What it was held against, in a table's cell."""
    shapes = f"{form.proof.shapes} shapes" if not form.proof.fixed else "one shape"
    symbolic = "; symbolically" if form.algebra.holds else ""
    return f"{_in_words(form.proof.runs)} random inputs, {shapes}{symbolic}"


def _in_words(number: int) -> str:
    return "fifty" if number == 50 else str(number)


def text(form: ClosedForm) -> str:
    """The code, under what was proved of it."""
    return "".join(f"# {line}\n" for line in told(form).split("\n")) + form.code


def formulas(form: ClosedForm, written: type[Latex | Plain]) -> tuple[list[tuple[str, str]], list[str]]:
    """The lines of the backward pass as mathematics: what is set, and to what; of loops, the lines that are new. And
    what lengths without a name are called: "n is the length of x along j"."""
    code, function, given = form.code, form.program.listing.name, form.sample
    if form.program.listing.rolled:
        if not form.is_shorter:
            return [], []
        code, function, given = _new_lines(form)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closed.py"
        path.write_text(code, encoding="utf-8")
        layer = load(f"{path}:{function}")
        trace = layer.trace({name: value for name, value in given.items() if name in layer.parameters}, verify=False)
    notation = written(taken(trace))
    writer = Writer(trace, {}, notation)
    wanted = {line.name for line in form.program.backward}
    made = []
    for step in trace.steps:
        if step.name in wanted and step.node.primitive is not None:
            made.append((writer.symbol(step.name, False), writer.defined(step.node, step.name)))
    zeros = [c.target for c in form.changes if called(expression(c.lines[-1].partition(" = ")[2])) == "zeros_like"]
    made += [(writer.symbol(gradient, False), "0") for gradient in zeros]
    told = " ".join(value for _, value in made)
    sizes = [line for line in form.program.backward if is_size(line.code) and re.search(rf"\b{line.name}\b", told)]
    return made, [line for _, line in legend(notation)] + [_as_size(line, written) for line in sizes]


def _as_size(line: Line, written: type[Latex | Plain]) -> str:
    """What the name of a size stands for: "M is grouped.shape[2] * H * W"."""
    if written is Plain:
        return f"{line.name} is {line.code}"
    return rf"${line.name}$ is \texttt{{{line.code.replace('_', chr(92) + '_')}}}"


def _new_lines(form: ClosedForm) -> tuple[str, str, dict[str, Any]]:
    """A function of the lines that are new within loops, and what it is called with: the values of one round."""
    lines = lines_of(form.lines)
    known = dict(form.sample)
    for values in form.program.watched(form.sample).values():
        known |= values
    own = {line.name for line in lines}
    read = [name for name in dict.fromkeys(n for line in lines for n in sorted(line.reads)) if name in known]
    given = {name: known[name] for name in read if name not in own}
    body = textwrap.indent("\n".join([*form.lines, f"return {', '.join(c.target for c in form.changes)}"]), "    ")
    return f"import numpy as np\n\n\ndef round({', '.join(given)}):\n{body}\n", "round", given


def latex(form: ClosedForm) -> str:
    """An `aligned` block for amsmath."""
    made, lengths = formulas(form, Latex)
    lines = [f"  {symbol} &= {value}" for symbol, value in made] + [rf"  & \text{{{line}}}" for line in lengths]
    head = "".join(f"% {line}\n" for line in told(form).split("\n"))
    if not lines:
        return f"{head}% its loops are kept: they are code, and have no formula\n"
    return head + "\n".join([r"\[", r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}", r"\]", ""])


def plain(form: ClosedForm) -> str:
    """A formula on every line."""
    made, lengths = formulas(form, Plain)
    lines = [f"{symbol} = {value}" for symbol, value in made] + [f"where {', '.join(lengths)}"] * bool(lengths)
    return "\n".join([*(lines or [told(form), "its loops are kept: they are code, and have no formula"]), ""])


def to_dict(form: ClosedForm) -> dict[str, Any]:
    return {
        "format": "backpropviz/closed-form",
        "version": 1,
        "layer": form.layer,
        "inputs": form.inputs,
        "shorter": form.is_shorter,
        "operations": {"before": form.before, "after": form.after},
        "code": form.code,
        "changes": [
            {"from": c.source, "to": c.target, "before": c.before, "after": c.lines, "saved": c.saved}
            for c in form.changes
        ],
        "proof": {
            "runs": form.proof.runs,
            "shapes": form.proof.shapes,
            "tolerance": 1e-10,
            "largest_error": form.proof.largest,
            "symbolic": _symbolic(form),
        },
        "explanation": [{"formula": r.formula, "reason": r.reason} for r in form.reasons],
        "searched": form.searched,
        "candidates": {"looked_at": form.candidates, "bound": MOST_CANDIDATES, "cut_short": form.is_cut_short},
    }


def _symbolic(form: ClosedForm) -> dict[str, Any] | None:
    """Where it was proved with letters for numbers, or why not; None where there is nothing to prove."""
    if not form.is_shorter:
        return None
    shapes = {name: list(shape) for name, shape in form.algebra.shapes.items()}
    return {"proved": form.algebra.holds, "shapes": shapes, "obstacle": form.algebra.obstacle}


def explained(form: ClosedForm) -> str:
    """From the long form to the short one: a line of mathematics and its reason each, after what their names are."""
    limit = limit_of(form)
    left = _PAGE - _HEADINGS - (len(limit.lines) + 3 if limit else 0)
    for small in (0, _SMALL, *sorted({change.saved for change in form.changes})[:-1]):
        body, said = _changes(form, small)
        if body.count("\n") <= left:
            break
    lines = [*told(form).split("\n"), *_names(form, said, left - body.count("\n")), body]
    if limit is not None:
        lines += ["", limit.words, "", *(f"    {line}" for line in limit.lines)]
    return "\n".join([*lines, ""])


def _changes(form: ClosedForm, small: int) -> tuple[str, list[str]]:
    """Each change with its steps, what is alike told once; and the lines of mathematics in it.

    Args:
        small: of changes that save no more operations, only what is new is told.
    """
    body, told_of = list[str](), list[Change]()
    for change in form.changes:
        fewer = f"{change.saved} operation{'s' if change.saved > 1 else ''} fewer"
        if not change.saved:
            fewer = "as many operations, of fewer forward values"
        heading = f"from {change.source} to {change.target}, {fewer}"
        like = next((other for other in told_of if _pattern(other) == _pattern(change)), None)
        if like is not None or (change.saved <= small and change.reasons):
            why = f", as from {like.source} to {like.target}" if like is not None else ""
            body += ["", f"{heading}{why}", "", *(f"    {line}" for line in change.lines)]
            short = (
                change.reasons[-1].reason
                if change.saved <= _SMALL
                else "found in the same way: its steps do not fit on this page"
            )
            body += [f"        {short}"] * (like is None)
            continue
        told_of.append(change)
        body += ["", heading, "", *(f"    {line}" for line in change.before), ""]
        body += [f"    {reason.formula}\n        {reason.reason}" for reason in change.reasons]
    said = [line for c in told_of for line in (*c.before, *(r.formula for r in c.reasons))]
    return "\n".join(body), said + [line for c in form.changes for line in c.lines]


def _names(form: ClosedForm, said: list[str], most: int) -> list[str]:
    """What is read, as the code sets it: forward values, the gradients that changes set out from, our functions.

    Args:
        most: how many lines may say how that came about.
    """
    names = set[str]().union(*(line.reads for line in _read(said)))
    own = {line.partition(" = ")[0] for line in said} | {*form.whole.listing.upstream}
    backward = made_of(form.whole.backward, ({c.source for c in form.changes} | names) - own)
    known = [*made_of(form.whole.forward, names.union(*(line.reads for line in backward))), *backward]
    if form.whole.listing.rolled or len(known) > most:  # what is read, not how it came about
        known = [line for line in known if names & {*line.names} and not line.text.endswith((":", ".pop()"))]
    scope: dict[str, Any] = {}
    exec("\n".join(imports(form.whole.listing.helpers)), scope)
    ours = [name for name in bare_names(form.whole.listing.helpers) if name in names]
    set_here = own.union(*(line.names for line in known))
    left = names.union(*(line.reads for line in known)) - set_here - {*form.program.parameters, *ours, *dir(builtins)}
    left -= {"np", "math", "axis"}
    helpers = [f"    {name}\n        {str(scope[name].__doc__).split(chr(10))[0].replace('`', '')}" for name in ours]
    where = "the forward pass, with its products in other brackets" if form.regrouped else "the forward pass"
    given = [f"given, as the code has {'it' if len(left) == 1 else 'them'}: {', '.join(sorted(left))}"] * bool(left)
    heading = ["", f"{where}, as far as it is read", ""] if known or given else []
    forward = [f"    {line}" for line in [*given, *(line.text for line in known)]]
    return [*heading, *forward, *(["", "functions of backpropviz that it calls", "", *helpers] if helpers else [])]


def _read(said: list[str]) -> list[Line]:
    """Lines of mathematics as lines that read all their names: `sum(xhat) = 0` sets none."""
    return [Line(line.replace(" = ", " == ", 1)) for line in said]


def _pattern(change: Change) -> str:
    """The lines of a change and its reasons with numbers for names: what is equal is told once."""
    numbers: dict[str, str] = {}
    text = "\n".join([*change.before, *(reason.formula for reason in change.reasons)]).replace("np.", ".")
    return re.sub(r"(?<![.\w])[A-Za-z_]\w*", lambda found: numbers.setdefault(found[0], f"v{len(numbers)}"), text)
