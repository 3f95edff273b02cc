"""The rounds of loops of which the drawing has one: what each step and its gradients are called in every round."""

from __future__ import annotations

from collections import Counter
from typing import Any

from backpropviz.draw.player.frames import Frame
from backpropviz.engine.numbering import bare_number
from backpropviz.engine.rounds import describe, rounds_of
from backpropviz.engine.trace import Trace
from backpropviz.show.records import TraceView

MOST = 200  # rounds that a slider goes through


def rounds_by_step(trace: Trace, shown: TraceView, frames: list[Frame]) -> dict[str, Any]:
    """For every step of which only one round has frames, under its number without rounds:

    `said`, the rounds in words; `labels`, the step's number in each; `forward` and `backward`, the names of its arrays.
    """
    drawn = Counter((frame["pass"], bare_number(frame["step"])) for frame in frames if frame["step"])
    words = {step.label: ", ".join(map(describe, rounds_of(step))) for step in trace.steps}
    labels: dict[str, list[str]] = {}
    names = {step.label: step.name for step in shown.steps}
    for label in names:
        if words.get(label):
            labels.setdefault(bare_number(label), []).append(label)
    flows: dict[str, list[str]] = {}
    for flow in shown.backward:
        flows.setdefault(flow.step, []).append(flow.name)
    return {
        number: {
            "said": [words[label] for label in every], "labels": every, "forward": [[names[label]] for label in every],
            "backward": [flows.get(label, []) for label in every],
        }
        for number, every in labels.items()
        if 1 < len(every) <= MOST and drawn["forward", number] == 1 and drawn["backward", number] <= 1
    }  # fmt: skip
