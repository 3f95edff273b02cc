"""The right gradients of a layer that nobody knows: by a trace of its forward pass, or by central differences of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import UPSTREAM_SEED, Entry, Reference, cleaned
from backpropviz.diagnose.runs.matching import is_array
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Recorder
from backpropviz.engine.trace import Trace, random_upstream
from backpropviz.engine.verifying import record
from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import Layer as LayerFile

STEP = 1e-5
KINK = 1e-3  # one-sided differences further apart than this share of the gradient say that there is no gradient
_SEEDS = range(4)
_DIRECTIONS, _CLOSE = 3, 1e-6  # so many directions, along each of which a gradient has to be that close


def call(program: Program, pair: Pair, case: Case, arrays: dict[str, Any]) -> Any:
    """What the forward function returns for copies of these arrays."""
    layer = pair.layer if pair.layer.inputs else replace(pair.layer, inputs=tuple(arrays))
    forward = program.function(pair.forward)
    program.seed(123)
    copies = {name: value.copy() for name, value in arrays.items()}
    try:
        arguments = binding.forward_arguments(forward, layer, case, copies)
        return forward(*arguments, **binding.keyword_arguments(forward, layer, case))
    except (Exception, SystemExit) as error:
        raise CannotCall(f"its forward pass fails with {type(error).__name__}: {error}") from error


def held_against(ours: LayerFile, pair: Pair, case: Case) -> Reference:
    """What is right by a layer of `graphs/`."""
    inputs = dict(zip(ours.parameters, (value.copy() for value in case.inputs.values())))
    trace = record(ours.function, inputs, ours.settings)
    nodes = trace.outputs[: len(pair.layer.outputs)]
    outputs = {name: node.value for name, node in zip(pair.layer.outputs, nodes)}
    upstream = upstream_for(outputs)
    trace.backward({node.name or "out": value for node, value in zip(nodes, upstream.values())})
    theirs = dict(zip(case.inputs, inputs))
    gradients = {f"d{name}": trace.grad[theirs[name]] for name in pair.layer.wants}
    return Reference(outputs, upstream, cleaned(gradients, upstream), {}, (trace,))


_FILLED = re.compile(r"^(    \S+)\[\.\.\.\] = (\w+)$", re.MULTILINE)
"""`layer.W[...] = W`, in the functions around a class."""


def reference_for(program: Program, pair: Pair, case: Case) -> Reference | None:
    """What is right for a case; None where the forward pass has a kink or is not finite wherever it was tried."""
    for seed in _SEEDS:
        try:
            moved = case if seed == 0 else _moved(case, seed)
            outputs = outputs_of(program, pair, moved, moved.inputs)
        except CannotCall:
            return None
        if all(np.isfinite(value).all() for value in outputs.values()):
            right = _traced(program, pair, moved, outputs) or _differences(program, pair, moved, outputs)
            if right is not None:
                case.inputs.update(moved.inputs)
                return right
    return None


def _moved(case: Case, seed: int) -> Case:
    """The same with other numbers in the arrays of floats: away from a kink."""
    random = np.random.default_rng(seed)
    inputs = {
        name: value + 0.01 * random.normal(size=value.shape) * (1 + np.abs(value)) if value.dtype.kind == "f" else value
        for name, value in case.inputs.items()
    }
    return replace(case, inputs=inputs)


def outputs_of(program: Program, pair: Pair, case: Case, arrays: dict[str, Any]) -> dict[str, Any]:
    values = binding.split_outputs(call(program, pair, case, arrays), len(pair.layer.outputs))[0]
    return {name: np.array(value, dtype=float) for name, value in zip(pair.layer.outputs, values)}


def upstream_for(outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: random_upstream(value, UPSTREAM_SEED + i) if value.ndim else np.ones_like(value)
        for i, (name, value) in enumerate(outputs.items())
    }


def _traced(program: Program, pair: Pair, case: Case, outputs: dict[str, Any]) -> Reference | None:
    """The gradients by a trace of the forward pass; None where it cannot be traced."""
    forward = program.function(pair.forward)
    its = program.student.wrapped.get(pair.forward)
    if its is not None and ("." in its.forward or its.forward == its.backward):
        return None
    if pair.backward is None:
        return None  # a loss computes its gradient in the same function: the trace would hold that for right, too
    trace = _trace(program, pair, case, outputs, forward)
    if trace is None:
        return None
    gradients = {f"d{name}": trace.grad.get(name, np.zeros_like(case.inputs[name])) for name in pair.layer.wants}
    upstream = upstream_for(outputs)
    return Reference(outputs, upstream, cleaned(gradients, upstream), {}, (trace,))


def _trace(program: Program, pair: Pair, case: Case, outputs: dict[str, Any], forward: Any) -> Trace | None:
    """A trace of a forward pass and back; None where it cannot be traced."""
    arguments = binding.forward_arguments(forward, pair.layer, case, case.inputs)
    by_name = {p.name: value for p, value in zip(binding.parameters(forward), arguments)}
    inputs = {name: value.copy() for name, value in case.inputs.items()}
    settings = {name: value for name, value in by_name.items() if name not in inputs}
    settings |= binding.keyword_arguments(forward, pair.layer, case)
    try:
        program.seed(123)
        trace = record(forward, inputs, settings)
        nodes = trace.outputs[: len(outputs)]
        same = len(nodes) == len(outputs) and all(
            np.array_equal(node.value, value) for node, value in zip(nodes, outputs.values())
        )
        if not same:
            return None
        upstream = upstream_for(outputs).values()
        trace.backward({node.name or "out": value for node, value in zip(nodes, upstream)})
    except BackpropvizError:
        return None
    except Exception:  # what a tracer makes of a student's function is anyone's guess; differences always work
        return None
    return trace


def trace_of_class(program: Program, pair: Pair, case: Case, outputs: dict[str, Any]) -> Trace | None:
    """A trace of a forward pass of a class, or of a loss with its gradients: what it says has to be held against
    differences. The arrays that a layer holds are put in its place, not written into its own."""
    text = program.student.texts.get(pair.forward, "")
    namespace = {**program.student.namespace, pair.forward: program.function(pair.forward)}
    exec(compile(_FILLED.sub(r"\1 = \2", text), "<around a student's functions>", "exec"), namespace)
    return _trace(program, pair, case, outputs, namespace[pair.forward])


def _differences(program: Program, pair: Pair, case: Case, outputs: dict[str, Any]) -> Reference | None:
    """The gradients by central differences of the forward pass; None at a kink."""
    upstream = upstream_for(outputs)

    def loss(arrays: dict[str, Any]) -> float:
        found = outputs_of(program, pair, case, arrays)
        return float(sum(np.sum(found[name] * upstream[name]) for name in outputs))

    here = loss(case.inputs)
    came = _came(program, pair, case, upstream)
    wrong = [name for name in pair.layer.wants if not _agrees(loss, case.inputs, name, here, came.get(name))]
    trace = trace_of_class(program, pair, case, outputs) if wrong else None
    traced = trace.grad if trace is not None else {}
    gradients = {}
    for name in pair.layer.wants:
        gradient = traced.get(name) if name in wrong else came[name]
        if name in wrong and not _agrees(loss, case.inputs, name, here, gradient):
            trace = None
            gradient = _gradient(loss, case.inputs, name, here)
        if gradient is None:
            return None
        # differences of what cancels are rounding alone, and larger than that of a product
        noise = np.max(np.abs(gradient), initial=0.0) < 1e-3 * STEP
        gradients[f"d{name}"] = np.zeros_like(gradient) if noise else gradient
    known = tuple(Entry(name, "gradient", value) for name, value in gradients.items() if is_array(value))
    known += tuple(Entry(name, "value", value) for name, value in case.inputs.items() if is_array(value))
    if pair.backward is not None:
        known += _forward_values(program, pair, case)
    return Reference(outputs, upstream, gradients, {}, (trace,) if trace is not None else (), known=known)


def _came(program: Program, pair: Pair, case: Case, upstream: dict[str, Any]) -> dict[str, Any]:
    """The gradients that the student's own backward pass gives, by input; nothing where it fails."""
    layer = pair.layer
    arrays = {name: value.copy() for name, value in case.inputs.items()}
    try:
        rest = binding.split_outputs(call(program, pair, case, arrays), len(layer.outputs))[1]
        if pair.backward is not None:
            backward = program.function(pair.backward)
            douts = [value.copy() for value in upstream.values()]
            rest = backward(*binding.backward_arguments(backward, layer, case, douts, arrays, rest))
        came = binding.split_gradients(rest, layer.wants)
        return {name: value.copy() for name, value in zip(layer.wants, came) if isinstance(value, np.ndarray)}
    except (Exception, SystemExit):  # it is what is to be diagnosed
        return {}


def _agrees(loss: Callable[[dict[str, Any]], float], inputs: dict[str, Any], name: str, here: float, its: Any) -> bool:
    """Whether a gradient is right along a few random directions, which no wrong one is: one by one, entries take as
    many runs as there are, and what is exact has no rounding."""
    value = inputs[name]
    if not isinstance(its, np.ndarray) or its.shape != value.shape or value.size <= _DIRECTIONS:
        return False
    if its.dtype != np.float64:  # it has a rounding of its own, which is to be seen
        return False
    for seed in range(_DIRECTIONS):
        direction = np.random.default_rng([29, seed]).normal(0.0, 1.0, value.shape)
        above, below = (loss({**inputs, name: value + sign * STEP * direction}) for sign in (1, -1))
        terms = np.asarray(its, dtype=float) * direction
        size = float(np.sqrt(np.sum(terms**2)))
        off = abs((above - below) / (2 * STEP) - float(np.sum(terms)))
        bent = abs(above - 2 * here + below) / STEP  # at a kink, the two sides differ
        if not (off <= _CLOSE * size + 1e-9 * abs(here) and bent <= KINK * max(1.0, size)):
            return False
    return True


def _gradient(loss: Callable[[dict[str, Any]], float], inputs: dict[str, Any], name: str, here: float) -> Any:
    """The gradient for one input, entry by entry; None where differences to the two sides disagree."""
    value = inputs[name]
    gradient, gap = np.zeros(value.shape), 0.0
    for index in np.ndindex(value.shape):
        moved = value.copy()
        moved[index] = value[index] + STEP
        above = loss({**inputs, name: moved})
        moved[index] = value[index] - STEP
        below = loss({**inputs, name: moved})
        gradient[index] = (above - below) / (2 * STEP)
        gap = max(gap, abs(above - 2 * here + below) / STEP)
    return gradient if gap <= KINK * max(1.0, float(np.max(np.abs(gradient), initial=0.0))) else None


def _forward_values(program: Program, pair: Pair, case: Case) -> tuple[Entry, ...]:
    """The arrays that the forward pass assigns, by their names."""
    recorder = Recorder()
    with program.recorded(recorder):
        call(program, pair, case, case.inputs)
    return tuple(
        Entry(name, "value", visit.value)
        for (function, index, name), visit in recorder.record.visits.items()
        if function == pair.forward and index >= 0 and is_array(visit.value)
    )
