"""Gradients that are zero whatever comes in: the bias in front of a batchnorm, the keys' bias of an attention.

The output does not change with such an input, so there is nothing to compute. That is held on every run, with other
numbers in the input's place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backpropviz.errors import BackpropvizError
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.proof import is_nothing
from backpropviz.study.closed.reasons import Change, Reason
from backpropviz.study.closed.scenes import Scene


def without_vanishing(program: Program, scenes: Sequence[Scene]) -> tuple[Program, list[Change]]:
    """The program with zeros for gradients that are nothing, and these changes, of which it is not known yet what they
    save; as it is where it has none, or has loops."""
    found = list[Change]()
    for gradient in program.returns if not program.listing.rolled else ():
        name = gradient.removeprefix("d")
        line = next((each for each in reversed(program.backward) if each.name == gradient), None)
        if line is None or not line.is_plain or not all(_is_idle(scene, name) for scene in scenes):
            continue
        zeros = f"{gradient} = np.zeros_like({name})"
        outputs = ", ".join(node.name or "the output" for node in scenes[0].trace.outputs)
        why = f"{outputs} is the same whatever {name} is: what it adds is taken off again further on"
        found.append(Change(program.listing.upstream[0], gradient, [zeros], [line.text], 0, [Reason(zeros, why)]))
        made = Line(zeros, 0, f"{gradient} is zero")
        program = program.with_backward([made if each is line else each for each in program.backward])
    return program, found


def _is_idle(scene: Scene, name: str) -> bool:
    """Whether the gradient is nothing, and the outputs stay as they are with another value in the input's place."""
    if not is_nothing(scene, f"d{name}"):
        return False
    trace = scene.trace
    if name not in trace.inputs:
        return False
    given, before = np.array(trace.inputs[name].value), [np.array(node.value) for node in trace.outputs]
    try:
        trace.replay(**{name: given + np.random.default_rng(9).normal(size=given.shape)})
        after = [np.array(node.value) for node in trace.outputs]
        trace.replay(**{name: given})
    except BackpropvizError:  # the function goes another way then
        return False
    return all(np.allclose(one, other, rtol=1e-9, atol=1e-9) for one, other in zip(before, after))
