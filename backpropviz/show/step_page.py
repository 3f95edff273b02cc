"""What stands where on the page of `show LAYER --step 7`: one step, or one group of steps, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from backpropviz.errors import InputError
from backpropviz.show.layout import Row, paragraph
from backpropviz.show.pages import Page
from backpropviz.show.records import GroupView, StepView, TraceView
from backpropviz.show.rows import RED, RED_NAME, operation_row, statement, step_row, term_row
from backpropviz.show.tables.cells import Code, Line, Words, styled


def one_step(view: TraceView, label: str, width: int, passes: str = "both", **options: Any) -> list[RenderableType]:
    """One step, or one group of steps, whole; or what one of the two passes does there.

    Raises:
        InputError: there is no step or group of that label or name.
    """
    step = next((step for step in view.steps if label in (step.label, step.name)), None)
    group = next((group for group in view.groups if label in (group.label, group.name)), None)
    if group is not None and (step is None or step.label != label):
        return _group(view, group, width, options)
    if step is None:
        there = list(dict.fromkeys(step.groups[0] if step.groups else step.label for step in view.steps))
        places = ", ".join(there) if len(there) <= 40 else f"{there[0]} to {there[-1]}"
        raise InputError(
            f"there is no step {label!r}", fix=f"There {'is only' if len(there) == 1 else 'are'} {places}."
        )
    page = Page(view, width, **{**options, "expand": (), "explain": True})
    page.opened = set(page.groups)
    count = "" if view.groups else f" of {len(view.steps)}"
    place: Line = [(f"{view.layer}, step {step.label}{count}", "title"), (f"   {step.file}:{step.line}", "caption")]
    page.parts += _heading(place, step)
    page.add("Operands", [page.value_row(name) for name in step.operands])
    if passes != "backward":
        page.add("Forward", [step_row(step), *map(operation_row, step.operations[:-1] if page.ops else ())])
    if step.gradient is not None and passes != "forward":
        page.add("The gradient that arrives", list(arriving_rows(page, step)), "gradient")
        page.add("What is handed back", list(page.backward_rows(step, alone=True)), "gradient")
    page.tables()
    if view.upstream and step.gradient is None and passes != "forward":
        page.parts += ["", paragraph(f"No gradient reaches {step.name}.")]
    return page.parts


def _heading(place: Line, part: StepView | GroupView) -> Iterator[RenderableType]:
    yield Words(styled(place), gap=0)
    yield Code(styled(statement(part.name, part.code)), gap=0)
    if part.caption:
        yield paragraph(part.caption, "caption")


def arriving_rows(page: Page, step: StepView) -> Iterator[Row]:
    """The terms of a step's gradient, and their sum if there are several."""
    gradient = step.gradient
    assert gradient is not None
    for term in gradient.terms:
        yield term_row(term, page.visible(term.step) if term.step else None)
    if len(gradient.terms) > 1:
        text = statement(gradient.name, " + ".join(term.name for term in gradient.terms), RED_NAME)
        yield Row("", [text], str(gradient.value.shape), gradient.value, RED)


def _group(view: TraceView, group: GroupView, width: int, options: dict[str, Any]) -> list[RenderableType]:
    page = Page(view, width, **options, only=group.label)
    place: Line = [(f"{view.layer}, group {group.label}", "title"), (f"   line {group.line}", "caption")]
    page.parts += _heading(place, group)
    page.forward(group.operands)
    result = page.named[group.name] if group.name in page.named else page.steps[-1]
    page.backward(list(arriving_rows(page, result)) if result.gradient else [])
    page.tables()
    return page.parts
