"""Both passes as a series of pages, one after the other as the run goes: what `step` leafs through."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import RenderableType

from backpropviz.show.layout import paragraph
from backpropviz.show.pages import Page
from backpropviz.show.records import TraceView
from backpropviz.show.rows import upstream_row
from backpropviz.show.step_page import one_step


@dataclass(frozen=True)
class Leaf:
    """One page of the series.

    Attributes:
        place: where one is, in a few words. words: what it is found by: the step's number and name, and its gradient's.
    """

    view: TraceView
    passes: str
    label: str
    place: str
    words: tuple[str, ...]

    def parts(self, width: int) -> list[RenderableType]:
        if self.label:
            return one_step(self.view, self.label, width, self.passes)
        page = Page(self.view, width)
        page.heading()
        if self.passes == "forward":
            page.add("The inputs", [page.value_row(part.name) for part in self.view.inputs])
        elif self.place == "backward begins":
            page.add("The gradient that arrives", list(map(upstream_row, self.view.upstream)), "gradient")
        else:
            page.gradients()
        page.tables()
        if self.place == "the inputs' gradients":
            page.parts += ["", paragraph("Where paths met, their gradients were added up.", "caption")]
        return page.parts


def leaves(view: TraceView) -> list[Leaf]:
    """The inputs, every step forward, the gradient that arrives, every step backward, the inputs' gradients."""
    count = len(view.steps)
    found = [Leaf(view, "forward", "", "the inputs", ("inputs", *(part.name for part in view.inputs)))]
    for number, step in enumerate(view.steps, 1):
        found.append(Leaf(view, "forward", step.label, f"forward, {number} of {count}", (step.label, step.name)))
    if not view.upstream:
        return found
    arriving = tuple(upstream.name for upstream in view.upstream)
    found.append(Leaf(view, "backward", "", "backward begins", arriving))
    for number, step in enumerate(reversed(view.steps), 1):
        if step.gradient is not None:
            names = (step.label, step.gradient.name, *(term.name for term in step.gradient.terms))
            found.append(Leaf(view, "backward", step.label, f"backward, {number} of {count}", names))
    graded = tuple(part.gradient.name for part in view.inputs if part.gradient is not None)
    return [*found, Leaf(view, "backward", "", "the inputs' gradients", graded)]


def find(leaves: list[Leaf], word: str, at: int) -> int | None:
    """The next page, from `at` on and round again, that a word names: exactly, or by the beginning."""
    order = [(at + 1 + number) % len(leaves) for number in range(len(leaves))]
    exact = (number for number in order if word in leaves[number].words)
    begun = (number for number in order if any(each.startswith(word) for each in leaves[number].words))
    return next(exact, next(begun, None))
