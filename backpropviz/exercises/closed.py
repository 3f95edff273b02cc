"""Worksheets that ask for a closed form: one gradient at once from another, in at most so many operations.

The number is that of the form that the search finds, and one more: `1 / N * ivar` is as good as `ivar / N`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backpropviz.code.scope import read_names
from backpropviz.diagnose.runs.influence import behind
from backpropviz.diagnose.student.recorder import statements
from backpropviz.diagnose.telling.written import is_unclear
from backpropviz.errors import InputError
from backpropviz.exercises.blanks import Blank
from backpropviz.exercises.signing import Goal
from backpropviz.layers.library import Layer
from backpropviz.study.closed.form import ClosedForm, closed_form
from backpropviz.study.closed.lines import Line, lines_of, made_of
from backpropviz.study.closed.reasons import Change
from backpropviz.study.values.trees import arithmetic

SPARE = 1


@dataclass(frozen=True)
class Task:
    """What is asked for, and the lines of the backward pass with it as a blank, or solved."""

    goal: Goal
    lines: tuple[str, ...]


def task(
    layer: Layer, settings: Mapping[str, Any], wanted: Sequence[Blank], known: set[str], solved: bool = False
) -> Task:
    """The task of a layer: the stretch of its backward pass that becomes shorter by most.

    Args:
        settings: those that stay as they are. wanted: all gradients of its backward pass, with their code.
        known: the forward values that the worksheet gives. solved: with the solution in place of the blank.

    Raises:
        InputError: nothing shorter was found.
    """
    form = closed_form(layer, dict(settings))
    blank_of = {blank.name: blank for blank in wanted}
    changes = _from_the_top(form, wanted, known) if form.regrouped else form.changes
    fit = [change for change in changes if change.target in blank_of and not form.program.listing.rolled]
    if not fit:
        what = "its loops are kept" if form.is_shorter else "its backward pass is as short as it gets, as far as known"
        raise InputError(
            f"there is no closed form of {layer.name} to ask for: {what}",
            fix=f"backpropviz exercise {layer.name} asks for it step by step.",
        )
    change = max(fit, key=lambda each: each.saved)
    # what has no name in the forward pass has to be computed again
    lines = [*_first(form, change.lines, known), *change.lines]
    count = sum(arithmetic(ast.parse(line)) for line in lines)
    goal = Goal(change.target, change.source, count + SPARE)
    return Task(
        goal, tuple(_backward(form, change, goal, wanted, known, blank_of[change.target] if not solved else None))
    )


def _from_the_top(form: ClosedForm, wanted: Sequence[Blank], known: set[str]) -> list[Change]:
    """What is shorter in other brackets, from what comes in to an input: what is between has no place in the layer."""
    upstream = form.program.listing.upstream[0]
    taken = known | {line.name for blank in wanted for line in lines_of(blank.solution)}
    found = []
    for gradient in form.program.returns:
        backward = made_of(form.program.backward, {gradient})
        saved = sum(each.saved for each in form.changes if any(line.name == each.target for line in backward))
        lines = [line.text for line in backward]
        lines = [*_first(form, lines, set()), *lines]
        for line in lines_of(lines):
            if line.name in taken and line.name != gradient:
                new = next(n for n in (f"{line.name}_{k}" for k in range(2, 99)) if n not in taken)
                lines = [re.sub(rf"\b{line.name}\b", new, text) for text in lines]
        if saved:
            found.append(Change(upstream, gradient, lines, [], saved, []))
    return found


def _backward(
    form: ClosedForm, change: Change, goal: Goal, wanted: Sequence[Blank], known: set[str], blank: Blank | None
) -> list[str]:
    """The lines: those around the blank are given, and none that only led to it step by step."""
    every = lines_of(line for each in wanted for line in each.solution)
    instead = Line(f"{change.target} = {change.source}")
    at = next(i for i, line in enumerate(every) if line.name == change.target)
    kept = made_of([*every[:at], instead, *every[at + 1 :]], {f"d{name}" for name in form.inputs})
    place = kept.index(instead)
    above, below = ([line.text for line in part] for part in (kept[:place], kept[place + 1 :]))
    asked = [f"# {goal.words}"]
    if blank is None:
        asked += [*_first(form, change.lines, known | read_names([*above, *below])), *change.lines]
    else:
        asked.append(f"{change.target} = ...  # shape {blank.shape} like {blank.of}")
    return [*_given(above), "", *asked, *(["", *_given(below)] if below else []), ""]


def _given(lines: list[str]) -> list[str]:
    return ["", "# given: the gradients around it", *lines] if lines else []


def _first(form: ClosedForm, lines: Sequence[str], known: set[str]) -> list[str]:
    """Forward values that the closed form reads, and that have no name in the forward pass."""
    known = known | {*form.program.parameters} | {line.name for line in lines_of(lines)}
    inner = [line for line in form.program.forward if line.name and line.name not in known and line.depth == 0]
    sizes = {*form.program.listing.sizes}
    return [line.text for line in made_of(inner, read_names([*lines])) if line.text not in sizes]


def longer(function: ast.FunctionDef, goal: Goal, helpers: set[str]) -> str:
    """What is too long about a right answer, in words; "" where it is a closed form.

    Args:
        helpers: other functions of the file.
    """
    every = statements(function)
    end = len(every)
    of_target, of_source = (behind(every, {name}, end) for name in (goal.gradient, goal.source))
    own = [every[i] for i in sorted(of_target - of_source)]
    if any(is_unclear(statement, helpers) for statement in own):
        return "right, but with loops or functions of your own, whose operations are not counted: write it out"
    count = sum(arithmetic(statement.node) for statement in own)
    if count <= goal.operations:
        return ""
    return f"right, but in {count} operations from {goal.source}: {goal.operations} are enough"
