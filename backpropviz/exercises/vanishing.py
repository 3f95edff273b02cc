"""The question that a closed form answers: which sum on the way is zero, so that a path drops out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from backpropviz.exercises.quiz import Question
from backpropviz.study.closed.form import ClosedForm
from backpropviz.study.closed.reasons import Change
from backpropviz.study.values.trees import called


def vanishing(form: ClosedForm, seed: int = 0) -> Iterator[Question]:
    """One question for each stretch in whose reasons a sum is zero, where other sums stay to choose from."""
    random = np.random.default_rng(seed)
    for change in form.changes:
        zero = next((reason for reason in change.reasons if reason.about and reason.formula.endswith(" = 0")), None)
        stay = list(dict.fromkeys(_sums(change)))
        if zero is None or not stay:
            continue
        right = f"sum({zero.about})"
        choices = [right, *stay]
        choices = [choices[int(at)] for at in random.permutation(len(choices))]
        yield Question(
            "vanishes", "", "", f"From {change.source} to {change.target} at once: which of these sums is zero?",
            right, choices.index(right), (f"{zero.reason}.", f"What stays is {change.lines[-1]}"),
            given=_given(form, choices), choices=tuple(choices),
            slips=tuple((at, f"{each} is not zero: it stays.") for at, each in enumerate(choices) if each != right),
        )  # fmt: skip


def _given(form: ClosedForm, choices: list[str]) -> tuple[str, ...]:
    """What names in the sums stand for that the layer does not have."""
    read = {node.id for choice in choices for node in ast.walk(ast.parse(choice)) if isinstance(node, ast.Name)}
    own = {*form.stage.base.trace.names()}
    return tuple(line.text for line in form.whole.lines if line.name in read - own - {f"d{name}" for name in own})


def _sums(change: Change) -> Iterator[str]:
    """The sums that stand in the closed form, without their axes."""
    for node in ast.walk(ast.parse(change.lines[-1])):
        if isinstance(node, ast.Call) and called(node) == "sum" and node.args:
            yield f"sum({ast.unparse(node.args[0])})"
