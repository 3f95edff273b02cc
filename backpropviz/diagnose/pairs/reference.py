"""What is right, and the vocabulary of right values: everything that a trace of our own layer passes through."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.engine.graph import Node, ancestors
from backpropviz.engine.trace import Trace, random_upstream
from backpropviz.engine.verifying import record

NOISE = 1e-12  # what is smaller than this everywhere is rounding, and right by accident
UPSTREAM_SEED = 2718  # far from the seeds of the cases: an upstream gradient must not resemble an input


@dataclass(frozen=True, eq=False)
class Entry:
    """One right value.

    Attributes:
        name: what we call it ("dvar"); empty for a value in the middle of an expression.
        code: how our forward pass writes it, where it does. step: the number of the step it belongs to.
        role: "value", "gradient" or "term".
    """

    name: str
    role: str
    value: Any
    code: str = ""
    step: str = ""


@dataclass(frozen=True, eq=False)
class Reference:
    """The right outputs, upstream gradients, gradients by input, and further right values for one case.

    `alternatives` are values that are right by another convention, by name; `known` are right values besides those of
    the traces. `examples`: how many a loss is the mean of.
    """

    outputs: dict[str, Any]
    upstream: dict[str, Any]
    gradients: dict[str, Any]
    running: dict[str, Any]
    traces: tuple[Trace, ...]
    alternatives: dict[str, Any] = field(default_factory=dict)
    known: tuple[Entry, ...] = ()
    examples: int = 1

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every right value once, those with names first."""
        found: list[Entry] = list(self.known)
        for trace in self.traces:
            found.extend(_entries(trace))
        found.extend(Entry(name, "value", value) for name, value in self.running.items())
        if "loss" in self.outputs:  # a loss is a mean, and many divide by N at the very end
            found.extend(Entry(f"N * {k}", "gradient", v * self.examples) for k, v in self.gradients.items())
        found.sort(key=lambda entry: not entry.name)
        kept: list[Entry] = []
        seen: dict[tuple[Any, ...], None] = {}
        for entry in found:
            key = (entry.value.shape, np.round(entry.value, 10).tobytes())
            if key not in seen and np.max(np.abs(entry.value), initial=0.0) > NOISE:
                seen[key] = None
                kept.append(entry)
        return tuple(kept)


def _entries(trace: Trace) -> list[Entry]:
    entries = []
    for node in _leading_to(list(trace.upstream)):
        step = node.step if node.step is not None and node.step.node is node else None
        label = node.name or ""
        number = step.label if step else ""
        entries.append(Entry(label, "value", node.value, step.code if step else "", number))
        if node.gradient is not None:
            entries.append(Entry(f"d{label}" if label else "", "gradient", node.gradient.value, "", number))
    for node in trace.red.nodes:
        entries.append(Entry(node.name or "", "term", node.value))
    return [entry for entry in entries if isinstance(entry.value, np.ndarray) and entry.value.dtype.kind == "f"]


def _leading_to(outputs: list[Node]) -> list[Node]:
    """The nodes that outputs are made of, in order: what a forward pass computes besides may be wrong."""
    return sorted(ancestors(outputs), key=lambda node: node.index)


def reference(layer: Layer, case: Case) -> Reference:
    """Run our forward passes on a case and trace their gradients."""
    traces = []
    for function in layer.forwards(case):
        ours = dict(zip(case.inputs, inspect.signature(function).parameters))
        inputs = {
            ours[name]: value.flatten() if name in layer.vectors else value.copy()
            for name, value in case.inputs.items()
        }
        trace = record(function, inputs, layer.keywords(case))  # type: ignore[arg-type]
        names = [node.name or "out" for node in trace.outputs]
        upstream = {  # each output's its own: with the same for two, a path left out can be made up for by the other
            name: random_upstream(node.value, UPSTREAM_SEED + i)
            for i, (name, node) in enumerate(zip(names, trace.outputs))
        }
        if layer.is_loss:
            upstream = {name: np.ones_like(value) for name, value in upstream.items()}
        trace.backward(upstream)
        traces.append(trace)
    first = traces[0]
    outputs = {name: node.value for name, node in zip(layer.outputs, first.outputs)}
    douts = {name: first.upstream[node].value for name, node in zip(layer.outputs, first.outputs)}
    named = dict(zip(case.inputs, first.inputs))
    found = {name: first.grad[named[name]].reshape(case.inputs[name].shape) for name in layer.wants}
    gradients = cleaned({f"d{name}": gradient for name, gradient in found.items()}, douts)
    running = running_statistics(layer, case)
    alternatives = {}
    if running:
        count = case.inputs["x"].size // case.inputs["x"].shape[1]
        before = 0.0 if "running_var" in case.without else case.settings["running_var"]
        momentum = case.settings["momentum"]
        # as PyTorch keeps it: the batch's variance divided by N - 1
        new = (running["running_var"] - momentum * before) * count / (count - 1)
        alternatives["unbiased_var"] = momentum * before + new
    examples = case.inputs["x"].shape[0]
    further = layer.further(first) if layer.further is not None and not case.forward_only else {}
    known = [Entry(code, "term", value) for code, value in further.items()]
    known += [Entry("", "value", case.settings[name]) for name in running if name not in case.without]
    return Reference(outputs, douts, gradients, running, tuple(traces), alternatives, tuple(known), examples)


def cleaned(gradients: dict[str, Any], upstream: dict[str, Any]) -> dict[str, Any]:
    """The gradients, with exact zeros for one that is nothing but rounding (a bias in front of a batchnorm)."""
    scale = max(float(np.max(np.abs(value), initial=0.0)) for value in upstream.values())
    return {
        name: value if np.max(np.abs(value), initial=0.0) > 1e-12 * scale else np.zeros_like(value)
        for name, value in gradients.items()
    }


def running_statistics(layer: Layer, case: Case) -> dict[str, Any]:
    """The running mean and variance after a training step; none outside the training mode."""
    if not layer.keeps_running_statistics or case.settings["mode"] == "test":
        return {}
    x = case.inputs["x"]
    axes = (0, 2, 3) if x.ndim == 4 else 0
    momentum = case.settings["momentum"]
    batch = {"running_mean": x.mean(axis=axes), "running_var": x.var(axis=axes)}
    before = {name: 0.0 if name in case.without else case.settings[name] for name in batch}
    return {name: momentum * before[name] + (1 - momentum) * batch[name] for name in batch}
