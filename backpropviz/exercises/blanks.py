"""What a worksheet and a quiz ask for: one blank for every gradient of the backward pass."""

from __future__ import annotations

from dataclasses import dataclass

from backpropviz.show.records import InputView, StepView, TraceView


@dataclass(frozen=True)
class Blank:
    """One gradient that a worksheet asks for.

    Attributes:
        name: the gradient's name. of: the value it is the gradient of, or of whose gradient it is one term.
        step, code: the step that hands it back; both empty where terms of an input meet.
        terms: for a sum, the names of its terms. part: how many terms there are, for one of several; otherwise 0.
        solution: the code, one line or more. shape: its value's.
    """

    name: str
    of: str
    step: str
    code: str
    shape: tuple[int, ...]
    solution: tuple[str, ...]
    terms: tuple[str, ...] = ()
    part: int = 0

    @property
    def task(self) -> str:
        """What to produce, in a few words."""
        task = f"shape {self.shape} like {self.of}"
        if self.part:
            return f"{task}, which is used {self.part} times: one part of its gradient"
        return f"{task}: its {len(self.terms)} parts meet here" if self.terms else task


def blanks(shown: TraceView) -> list[Blank]:
    """The gradients to produce, in the order of the backward pass; for a trace whose backward pass was run."""
    steps = {step.label: step for step in shown.steps}
    values: tuple[InputView | StepView, ...] = (*shown.inputs, *shown.steps)
    count = {part.name: len(part.gradient.terms) for part in values if part.gradient}
    found: list[Blank] = []
    parts: list[str] = []
    for flow in shown.backward:
        line = flow.formula if flow.kind == "added" else f"{flow.name} = {flow.formula}"
        if flow.of is None:
            parts.append(line)
        elif flow.kind == "term" and flow.of not in count:
            parts = []  # a part of what is whole only in a round that is not shown
        elif flow.step != "0" or flow.kind == "sum":  # an input's single gradient stands at the step that made it
            step = steps.get(flow.step)
            found.append(
                Blank(
                    flow.name, flow.of, step.label if step else "", forward_code(step), flow.value.shape,
                    (*parts, line), flow.terms, count[flow.of] if flow.kind == "term" else 0,
                )
            )  # fmt: skip
            parts = []
    return found


def forward_code(step: StepView | None) -> str:
    """A step as it reads outside of the function it stands in."""
    if step is None:
        return ""
    return step.statement or f"{step.name} = {step.formula if step.groups else step.code}"
