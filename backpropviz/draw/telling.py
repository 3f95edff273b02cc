"""What is said beside the pictures of single steps: what arrives, the local derivatives, and what is handed back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from backpropviz.engine.graph import Round
from backpropviz.engine.numbering import bare_number
from backpropviz.engine.rounds import describe, rounds_around, rounds_of
from backpropviz.engine.trace import Trace
from backpropviz.show.records import GradientView, StepView, TraceView
from backpropviz.show.view import view

Direction = Literal["forward", "backward"]
_ARRIVED, _MET = "The gradients have arrived at the inputs.", " Where paths meet, they add up."


@dataclass(frozen=True, slots=True)
class Told:
    """The words for one picture.

    Attributes:
        title: the step and its code. sentence: what its gate does.
        parts: what arrives, and for every operand the local derivative and what it gets, with all shapes.
    """

    title: str
    sentence: str = ""
    parts: tuple[tuple[str, ...], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The parts, each in one line."""
        return tuple("; ".join(part) for part in self.parts)

    @property
    def text(self) -> str:
        """All of it, as one reads it out."""
        return "\n".join(filter(None, (self.title, self.sentence, *self.lines)))


def tell(trace: Trace) -> dict[tuple[Direction, str], Told]:
    """The words for every step of both passes, by direction and label; the label of the inputs is "0"."""
    shown = view(trace, explain=bool(trace.upstream))
    told: dict[tuple[Direction, str], Told] = {}
    gradients = [each.gradient for each in shown.inputs] + [each.gradient for each in shown.steps]
    passed = {  # terms of a sum that are another gradient, and go by its name
        term.name: f"{term.formula} {term.value.shape}, passed on"
        for gradient in gradients
        for term in (gradient.terms if gradient is not None and len(gradient.terms) > 1 else ())
        if term.formula is not None and term.formula.isidentifier()
    }
    rounds = {step.label: _in_rounds(rounds_of(step)) for step in trace.steps}
    rounds |= {group.label: _in_rounds(rounds_around(group)) for group in trace.groups}
    for step in shown.steps:
        code = step.formula if step.groups else " ".join(step.code.split())
        title = f"{bare_number(step.label)}  {step.name} = {code}{rounds[step.label]}"
        told["forward", step.label] = Told(title, _sentence(step.caption), ((f"{step.name} {step.value.shape}",),))
        if step.gradient is not None:
            told["backward", step.label] = _backward(step, title, step.gradient, passed)
    for group in shown.groups:
        code = f"{f'{group.name} = ' if group.name else ''}{' '.join(group.code.split())}"
        title = f"{bare_number(group.label)}  {code}{rounds[group.label]}"
        told["forward", group.label] = Told(title, _sentence(group.caption), ((f"{group.name} {group.value.shape}",),))
        parts = tuple((line,) for line in _through(shown, group.label))
        told["backward", group.label] = Told(title, f"What {group.function} hands back.", parts)
    graded = [part.gradient for part in shown.inputs if part.gradient is not None]
    sums = [(_summed(gradient),) for gradient in graded if len(gradient.terms) > 1]
    plain = tuple(_summed(gradient) for gradient in graded if len(gradient.terms) <= 1)
    told["backward", "0"] = Told("The inputs", _ARRIVED + _MET * bool(sums), (*sums, *([plain] if plain else [])))
    return told


def _in_rounds(rounds: tuple[Round, ...]) -> str:
    return f"  where {', '.join(map(describe, rounds))}" if rounds else ""


def _sentence(caption: str) -> str:
    return f"{caption[0].upper()}{caption[1:]}." if caption else ""


def _backward(step: StepView, title: str, gradient: GradientView, passed: Mapping[str, str]) -> Told:
    explanation = step.explanation
    gates = explanation.gates if explanation is not None else ()
    stories = dict.fromkeys(gate.story for gate in gates)
    handed = []
    for gate in gates:
        for share in gate.shares:
            if share.dimensions is not None:
                # of a step of several gates a share knows the derivative of its own gate alone
                known = len(gates) == 1 and len(share.local) <= 40
                local = f"local derivative {share.local}" if known else "handed back"
                handed.append((f"to {share.operand}: {local}", passed.get(share.gradient or "", share.dimensions)))
    return Told(title, " ".join(stories), ((f"arrives: {_summed(gradient)}",), *handed))


def _summed(gradient: GradientView) -> str:
    """A gradient with its shape, and the terms it is the sum of."""
    return f"{gradient.name} {gradient.value.shape}" + (f" = {gradient.formula}" if len(gradient.terms) > 1 else "")


def _through(shown: TraceView, label: str) -> Iterator[str]:
    """What a closed group hands back to the values it was given."""
    inside = {step.label for step in shown.steps if label in step.groups}
    own = {step.name for step in shown.steps if step.label in inside}
    for flow in shown.backward:
        if flow.step in inside and flow.of is not None and flow.of not in own:
            yield f"to {flow.of}: {flow.name} {flow.value.shape}"
