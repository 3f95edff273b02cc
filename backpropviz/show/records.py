"""What there is to show of a trace, as plain records. `view.py` collects them, `encoding.py` describes each."""

from typing import Any, NamedTuple

from backpropviz.engine.graph import Array

# Named tuples, because fourteen frozen dataclasses take 8 ms to define: more than all the rest of `show`; and without
# `from __future__ import annotations`, which makes texts of annotations, each of which would be compiled.


class TermView(NamedTuple):
    name: str
    step: str | None
    consumer: str | None
    formula: str | None
    value: Array
    rounds: str | None = None
    shown: str = ""


class GradientView(NamedTuple):
    name: str
    formula: str | None
    value: Array
    terms: tuple[TermView, ...]


class OperationView(NamedTuple):
    primitive: str
    formula: str
    name: str | None
    code: str
    value: Array
    gradient: Array | None


class Share(NamedTuple):
    operand: str
    gradient: str | None
    local: str
    dimensions: str | None
    reasons: tuple[str, ...]
    summed: tuple[int, ...]


class Gate(NamedTuple):
    code: str
    story: str
    shares: tuple[Share, ...]


class Explanation(NamedTuple):
    meeting: str | None
    gates: tuple[Gate, ...]


class InputView(NamedTuple):
    name: str
    value: Array
    gradient: GradientView | None


class ConstantView(NamedTuple):
    name: str
    value: Array


class StepView(NamedTuple):
    label: str
    groups: tuple[str, ...]
    name: str
    code: str
    formula: str
    caption: str
    file: str
    line: int
    operands: tuple[str, ...]
    value: Array
    gradient: GradientView | None
    operations: tuple[OperationView, ...]
    sweep: tuple[OperationView, ...]
    explanation: Explanation | None
    statement: str | None = None
    loops: tuple[int, ...] = ()
    rounds: tuple[int, ...] = ()


class GroupView(NamedTuple):
    label: str
    groups: tuple[str, ...]
    function: str
    name: str | None
    code: str
    caption: str
    line: int
    operands: tuple[str, ...]
    value: Array
    loops: tuple[int, ...] = ()


class CarriedView(NamedTuple):
    name: str
    before_name: str
    before: Array
    after_name: str
    after: Array
    filled: bool
    formula: str | None
    handed: Array | None
    arriving: Array | None


class AddedView(NamedTuple):
    name: str
    of: str
    formulas: tuple[str, ...]
    before: Array
    share: Array
    after: Array


class LoopView(NamedTuple):
    label: str
    groups: tuple[str, ...]
    loops: tuple[int, ...]
    head: str
    file: str
    line: int
    times: int
    others: int
    expanded: bool
    round: int | None
    shown: str
    carried: tuple[CarriedView, ...]
    added: tuple[AddedView, ...]


class FlowView(NamedTuple):
    step: str
    name: str
    of: str | None
    kind: str
    formula: str
    shared: bool
    terms: tuple[str, ...]
    value: Array


class OutputView(NamedTuple):
    name: str
    value: Array


class UpstreamView(NamedTuple):
    name: str
    of: str
    origin: str
    seed: int | None
    value: Array


class TraceView(NamedTuple):
    """The records of one trace. Arrays are the trace's own: a replay changes them."""

    layer: str
    summary: str
    function: str
    file: str
    inputs: tuple[InputView, ...]
    constants: tuple[ConstantView, ...]
    settings: dict[str, Any]
    steps: tuple[StepView, ...]
    groups: tuple[GroupView, ...]
    loops: tuple[LoopView, ...]
    backward: tuple[FlowView, ...]
    outputs: tuple[OutputView, ...]
    upstream: tuple[UpstreamView, ...]
    notes: tuple[str, ...]

    def named(self, name: str) -> InputView | StepView:
        """The input or step called `name`.

        Raises:
            KeyError: there is none.
        """
        parts: tuple[InputView | StepView, ...] = (*self.inputs, *self.steps)
        for part in parts:
            if part.name == name:
                return part
        raise KeyError(name)

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each parameter holds: the inputs that can be learned, all but the first one."""
        return {
            part.name: part.value.size
            for part in self.inputs[1:]
            if part.value.dtype.kind == "f" and (part.gradient is not None or not self.upstream)
        }
