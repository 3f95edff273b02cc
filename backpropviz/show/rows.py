"""Rows of the tables of `pages.py`: each shows one record of a trace."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backpropviz.show.layout import Row
from backpropviz.show.records import (
    ConstantView,
    Explanation,
    FlowView,
    Gate,
    InputView,
    OperationView,
    Share,
    StepView,
    TermView,
    UpstreamView,
)
from backpropviz.show.tables.cells import Line

INPUTS = "0"  # the label of the inputs
RED = "gradient"
RED_NAME = "gradient name"
MANY = 12  # operands: those of `np.stack(hs)` are not written out
TERMS = 60  # of one gradient: beyond that, the first and the last stand for all
_WORD = re.compile(r"\w+")
_TUPLE = re.compile(r"(?<=\w) \([\d, ]*\)|\([-\d, ]+\)")  # also a shape behind a name


def together(text: str) -> str:
    """A text that is not broken into lines."""
    return text.replace(" ", "\xa0")


def code_text(text: str) -> str:
    """A text in which tuples of numbers are not broken into lines."""
    return _TUPLE.sub(lambda found: together(found[0]), text)


def statement(name: str | None, code: str, style: str = "name") -> Line:
    """`name = code`."""
    return [(name, style), (f" = {code_text(code)}", "")] if name else [(code_text(code), "")]


def code_of(step: StepView) -> str:
    """The code as written, or as recorded where it speaks of values that go by other names."""
    known = set(step.operands) <= set(_WORD.findall(step.code))
    return step.code if known or len(step.operands) > MANY else step.formula


def written(step: StepView) -> tuple[str, str, str]:
    """An assignment as target, sign and code: `out[n]` `=` `v` where it sets a part of an array."""
    if step.statement is None:
        return step.name, " = ", code_of(step)
    target, equals, code = re.split(r"( \+?= |$)", step.statement, maxsplit=1)
    return target, equals, code


def added_up(names: Sequence[str]) -> str:
    """`dx_1 + dx_2`; of very many only the first two and the last."""
    if len(names) <= TERMS:
        return " + ".join(names)
    return f"{names[0]} + {names[1]} + ... + {names[-1]}"


def input_row(part: InputView) -> Row:
    dtype = "" if part.value.dtype == "float64" else f"  {part.value.dtype}"
    return Row(INPUTS, [[(part.name, "name"), (dtype, "caption")]], str(part.value.shape), part.value)


def constant_row(part: ConstantView) -> Row:
    return Row("", [[(part.name, "name"), ("  constant", "caption")]], str(part.value.shape), part.value)


def step_row(step: StepView) -> Row:
    target, equals, code = written(step)
    texts: list[Line] = [[(target, "name"), (equals + code_text(code), "")]]
    if step.caption:
        texts.append([(step.caption, "caption")])
    return Row(step.label, texts, str(step.value.shape), step.value)


def operation_row(operation: OperationView, style: str = "") -> Row:
    text: Line = [(code_text(operation.code), "")]
    return Row("", [text], str(operation.value.shape), operation.value, style, indent=2, opens=False)


def parameters_text(count: int) -> str:
    return f"{count:,} parameters" if count else "no parameters"


# ---- the backward pass -----------------------------------------------------------------------------------------------


def origin_of(upstream: UpstreamView) -> str:
    """Where an upstream gradient comes from."""
    origins = {
        "random": f"drawn from seed {upstream.seed}",
        "one": "a single number: its own gradient is 1",
        "given": "as given",
    }
    return origins[upstream.origin]


def upstream_row(upstream: UpstreamView) -> Row:
    texts: list[Line] = [[(upstream.name, RED_NAME)], [(origin_of(upstream), "caption")]]
    return Row("", texts, str(upstream.value.shape), upstream.value, RED)


def flow_row(flow: FlowView, caption: str = "", formula: str = "", told: tuple[Share, str] | None = None) -> Row:
    """A gradient with its formula; with what is `told` about it explained: the shapes of the factors, and reasons."""
    share, gate = told or (None, "")
    if share is not None and share.dimensions is not None and not flow.terms:
        formula = share.dimensions.split(" = ", 1)[1]
    texts = [statement(flow.name, formula or flow.formula, RED_NAME)]
    if flow.kind == "added":
        target, plus, code = flow.formula.partition(" += ")
        texts = [[(target, RED_NAME if plus else ""), (plus + code_text(code), "")]]
    if caption:
        texts.append([(caption, "caption")])
    row = Row("", texts, str(flow.value.shape), flow.value, RED, opens=False)
    if share is not None:
        texts.append([(f"local derivative{' of ' * bool(gate)}{gate}: ", "caption"), (share.local, "")])
        row.prose = [[(code_text(reason), "caption" if reason.startswith(" ") else "")] for reason in share.reasons]
    if flow.shared:
        row.value, row.style = "passed on unchanged", "caption"
    return row


def term_row(term: TermView, label: str | None) -> Row:
    texts = [statement(term.name, term.formula or "", RED_NAME) if term.formula else [(term.name, RED_NAME)]]
    source = f"from step {label} ({term.consumer})" if label else f"from {term.rounds or 'outside'}"
    texts.append([(source, "caption")])
    return Row("", texts, str(term.value.shape), term.value, RED)


# ---- explanations ----------------------------------------------------------------------------------------------------


def story_rows(explanation: Explanation) -> list[Row]:
    """What arrives and what each gate does to it, over the whole width."""
    texts: list[Line] = [[(explanation.meeting, "")]] if explanation.meeting else []
    for gate in explanation.gates:
        texts += _told(gate, alone=len(explanation.gates) == 1)
    return [Row("", texts, opens=False, spans=True)]


def _told(gate: Gate, alone: bool) -> list[Line]:
    lines: list[Line] = [[(gate.story, "")] if alone else [(gate.code, "name"), (f": {gate.story}", "")]]
    for share in gate.shares:
        if share.gradient is None:
            lines.append([(f"  {share.operand} gets the gradient times {share.local}", "")])
            lines += [[(f"  {code_text(reason)}", "")] for reason in share.reasons]
    return lines


def shares_of(explanation: Explanation | None) -> dict[str, tuple[Share, str]]:
    """What is said about each gradient, by its name, and about which operation, where there are several."""
    if explanation is None:
        return {}
    several = len(explanation.gates) > 1
    told = ((gate, share) for gate in explanation.gates for share in gate.shares)
    return {share.gradient: (share, gate.code if several else "") for gate, share in told if share.gradient is not None}
