"""Layers without a course's conventions: those of `graphs/` by name, and those that nobody knows but their author.

Of the latter, what their own forward pass does is right, and so is its gradient. The forward pass is traced like any
function. Where it cannot be (it fills a buffer entry by entry), central differences of it are what the backward pass is
held against.
"""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.diagnose import binding
from backpropviz.diagnose.binding import CannotCall
from backpropviz.diagnose.cases import Case
from backpropviz.diagnose.layers import Layer, Pair
from backpropviz.diagnose.matching import is_array
from backpropviz.diagnose.program import Program
from backpropviz.diagnose.recorder import Recorder
from backpropviz.diagnose.reference import UPSTREAM_SEED, Entry, Reference, cleaned
from backpropviz.diagnose.sandbox import TimeUp, time_limit
from backpropviz.engine.trace import random_upstream, record
from backpropviz.errors import BackpropvizError
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.library import Layer as LayerFile
from backpropviz.layers.library import layer_names, load
from backpropviz.layers.search import Search

NOTE = "{} is not a layer that is known: its forward pass was taken as right, and the gradients held against it"
SECONDS = 3.0
STEP = 1e-5
KINK = 1e-3  # one-sided differences further apart than this share of the gradient say that there is no gradient
_SEEDS = range(4)
_UPSTREAM = re.compile(r"d[A-Z_a-z]|d$|(grad|upstream|delta|g_)", re.IGNORECASE)
_MISSING = re.compile(r"(?:MissingModule: |NameError: name ')(?P<name>[\w.]+)")
_GRADIENT = re.compile(r"^(grad_?|d_?)", re.IGNORECASE)


def understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    """A pair of a layer that is not known, with inputs and outputs as its signatures have them, and its cases.

    Raises:
        CannotCall: no inputs were found on which the forward pass runs, or it does not return what can be compared.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(2 * SECONDS):
            warnings.simplefilter("ignore")
            return _understood(program, pair)
    except TimeUp:
        raise CannotCall("its forward pass takes too long") from None


def shipped(program: Program, pair: Pair) -> LayerFile | None:
    """The layer of `graphs/` of this name that takes inputs of the same names; None if there is none."""
    if pair.layer.name not in layer_names():
        return None
    layer = load(pair.layer.name)
    inputs = [name for name in layer.parameters if name not in layer.settings]
    given = [p.name for p in binding.parameters(program.function(pair.forward)) if p.default is p.empty]
    return layer if inputs == given or len(inputs) == len(given) == 1 else None


def _understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    ours = shipped(program, pair)
    forward = program.function(pair.forward)
    its = program.student.wrapped.get(pair.forward)
    cases = _cases_of(ours, forward) if ours is not None else _cases(forward, its.shapes if its else {})
    first = cases[0]
    floats = tuple(name for name, value in first.inputs.items() if value.dtype.kind == "f")
    if not floats:
        raise CannotCall("it takes no array of floats")
    returned = _call(program, pair, first, first.inputs)
    values = returned if isinstance(returned, tuple | list) else (returned,)
    if values[0] is None:
        raise CannotCall("its forward pass is not finished")
    if pair.backward is None:
        if len(values) < 2 or np.ndim(values[0]) != 0:
            raise CannotCall("it has no backward function, and is no loss that returns its gradients")
        outputs: tuple[str, ...] = ("loss",)
    else:
        count = _upstream_count(program.definitions[pair.backward], set(first.inputs))
        outputs = ("out",) if count == 1 else tuple(f"out{i + 1}" for i in range(count))
    if not all(isinstance(value, np.ndarray | float) for value in values[: len(outputs)]):
        raise CannotCall(f"its forward pass does not return {len(outputs)} array{'s' * (len(outputs) > 1)} first")
    layer = Layer(pair.layer.name, "", tuple(first.inputs), outputs, (), (), ())
    pair = replace(pair, layer=layer)
    count = _gradient_count(program, pair, first, returned)
    wants = _wants(program, pair.name, floats, 1 if pair.backward is None else 0, count)
    pair = replace(pair, layer=replace(layer, wants=wants))
    references = []
    for case in cases:
        right = _reference(program, pair, case) if ours is None else _held_against(ours, pair, case)
        if right is not None:
            references.append((case, right))
    if not references:
        raise CannotCall("no inputs were found where its forward pass is smooth")
    return pair, references


# ---- inputs ----------------------------------------------------------------------------------------------------------


def _cases(function: Any, shapes: dict[str, tuple[int, ...]]) -> list[Case]:
    """Made-up inputs: as found, of other sizes, and with other settings; those of known shapes keep them."""
    if not isinstance(function, FunctionType):
        raise CannotCall("it is not a plain function")
    first = _made_up(function, 0, shapes)
    found = [_case("made-up inputs", first)]
    arrays = found[0].inputs
    if arrays:
        main = next((name for name, value in arrays.items() if value.ndim > 1), next(iter(arrays)))
        larger = tuple(n + 1 + (axis == 0) for axis, n in enumerate(arrays[main].shape))
        if shapes:
            larger = (arrays[main].shape[0] + 2, *arrays[main].shape[1:])
        with contextlib.suppress(CannotCall):
            found.append(_case("other sizes", _made_up(function, 1, {**shapes, main: larger})))
    settings = {p.name: p.default * 1.7 + 0.05 for p in binding.parameters(function) if type(p.default) is float}
    if settings:
        changed = replace(found[0], words="other settings", settings={**found[0].settings, **settings})
        found.append(changed)
    return found


def _cases_of(layer: LayerFile, forward: Any) -> list[Case]:
    """The sample inputs of a layer of ours, under the names of the student's parameters."""
    names = [p.name for p in binding.parameters(forward)]
    found = []
    for words, seed in (("sample inputs", 0), ("other sample inputs", 1)):
        sample = layer.arguments(seed=seed)
        arrays = {names[i]: np.asarray(value) for i, value in enumerate(sample.values())}
        found.append(Case(words, arrays))
    return found


def _case(words: str, arguments: dict[str, Any]) -> Case:
    arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    for name, value in arrays.items():
        if kind_of(name) == "label" and value.dtype.kind == "f" and value.ndim == 2:  # a one for the right class
            arrays[name] = np.eye(value.shape[1])[np.arange(len(value)) % value.shape[1]]
    return Case(words, arrays, {name: value for name, value in arguments.items() if name not in arrays})


def _made_up(function: FunctionType, seed: int, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    search = Search(function, seed, shapes, {})
    state = search.found()
    if state is None:
        problem = search.best.problem if search.best else ""
        if found := _MISSING.match(problem):
            raise CannotCall(f"it needs {found['name']}, which is not here")
        best = f" (the best try: {search.best})" if search.best else ""
        raise CannotCall(f"no inputs were found on which its forward pass runs{best}")
    return search.arguments(search.tidied(state))


# ---- what the functions take and give --------------------------------------------------------------------------------


def _upstream_count(backward: ast.FunctionDef, inputs: set[str]) -> int:
    """How many gradients arrive: the parameters in front that are called like one."""
    names = [argument.arg for argument in (*backward.args.posonlyargs, *backward.args.args)]
    count = 0
    for name in names[: max(len(names) - 1, 1)]:
        if count and (name in inputs or not _UPSTREAM.match(name)):
            break
        count += 1
    return max(count, 1)


def _wants(program: Program, function: str, floats: tuple[str, ...], after: int, count: int) -> tuple[str, ...]:
    """The inputs whose gradients are returned: by what the return statement calls them, otherwise in order.

    Args:
        after: how many values are returned in front of them. count: how many gradients there are; 0 if unknown.

    Raises:
        CannotCall: more gradients come back than there are inputs.
    """
    parts = _returned(program, function, after)
    known = {name.replace("_", "").lower(): name for name in floats}
    named = [known.get(_GRADIENT.sub("", name).replace("_", "").lower(), "") for name in parts]
    if all(named) and len(set(named)) == len(named) and count in (0, len(named)):
        return tuple(named)
    count = count or len(parts) or len(floats)
    if count > len(floats):
        raise CannotCall(f"it returns {count} gradients for {len(floats)} inputs ({', '.join(floats)})")
    return floats[:count]


def _returned(program: Program, function: str, after: int) -> list[str]:
    """What the last return statement calls its values; of a call of another function, what that one does."""
    seen: set[str] = set()
    while function in program.definitions and function not in seen:
        seen.add(function)
        nodes = ast.walk(program.definitions[function])
        values = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
        if not values:
            break
        value = values[-1]
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in program.definitions:
            function = value.func.id
            continue
        parts: list[ast.expr | None] = [*value.elts[after:]] if isinstance(value, ast.Tuple) else [value]
        if after and len(parts) == 1 and isinstance(parts[0], ast.Tuple):
            parts = list(parts[0].elts)
        if len(parts) == 1 and isinstance(parts[0], ast.Dict):
            parts = parts[0].keys
        return [_last_name(part) for part in parts]
    return []


def _gradient_count(program: Program, pair: Pair, case: Case, returned: Any) -> int:
    """How many gradients come back when it is run; 0 where it fails."""
    if pair.backward is None:
        gradients = binding.split_outputs(returned, 1)[1]
    else:
        outputs, cache = binding.split_outputs(returned, len(pair.layer.outputs))
        upstream = [random_upstream(np.asarray(value, dtype=float), UPSTREAM_SEED) for value in outputs]
        backward = program.function(pair.backward)
        try:
            arguments = binding.backward_arguments(backward, pair.layer, case, upstream, case.inputs, cache)
            gradients = backward(*arguments)
        except (Exception, SystemExit):  # it is what is to be diagnosed
            return 0
    return len(gradients) if isinstance(gradients, tuple | list | dict) else 1


def _last_name(node: ast.AST | None) -> str:
    """`dx` of `dx`, `dx.T`, `dx.reshape(x.shape)` and `"dx"`; empty for what has none."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _call(program: Program, pair: Pair, case: Case, arrays: dict[str, Any]) -> Any:
    """What the forward function returns for copies of these arrays."""
    layer = pair.layer if pair.layer.inputs else replace(pair.layer, inputs=tuple(arrays))
    forward = program.function(pair.forward)
    np.random.seed(123)
    copies = {name: value.copy() for name, value in arrays.items()}
    try:
        return forward(*binding.forward_arguments(forward, layer, case, copies))
    except (Exception, SystemExit) as error:
        raise CannotCall(f"its forward pass fails with {type(error).__name__}: {error}") from error


# ---- gradients -------------------------------------------------------------------------------------------------------


def _held_against(ours: LayerFile, pair: Pair, case: Case) -> Reference:
    """What is right by a layer of `graphs/`."""
    inputs = dict(zip(ours.parameters, (value.copy() for value in case.inputs.values())))
    trace = record(ours.function, inputs, ours.settings)
    nodes = trace.recording.outputs[: len(pair.layer.outputs)]
    outputs = {name: node.value for name, node in zip(pair.layer.outputs, nodes)}
    upstream = _upstream(outputs)
    trace.backward({node.name or "out": value for node, value in zip(nodes, upstream.values())})
    theirs = dict(zip(case.inputs, inputs))
    gradients = {f"d{name}": trace.grad[theirs[name]] for name in pair.layer.wants}
    return Reference(outputs, upstream, cleaned(gradients, upstream), {}, (trace,))


def _reference(program: Program, pair: Pair, case: Case) -> Reference | None:
    """What is right for a case; None where the forward pass has a kink or is not finite wherever it was tried."""
    for seed in _SEEDS:
        try:
            moved = case if seed == 0 else _moved(case, seed)
            outputs = _outputs(program, pair, moved, moved.inputs)
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


def _outputs(program: Program, pair: Pair, case: Case, arrays: dict[str, Any]) -> dict[str, Any]:
    values = binding.split_outputs(_call(program, pair, case, arrays), len(pair.layer.outputs))[0]
    return {name: np.array(value, dtype=float) for name, value in zip(pair.layer.outputs, values)}


def _upstream(outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: random_upstream(value, UPSTREAM_SEED + i) if value.ndim else np.ones_like(value)
        for i, (name, value) in enumerate(outputs.items())
    }


def _traced(program: Program, pair: Pair, case: Case, outputs: dict[str, Any]) -> Reference | None:
    """The gradients by a trace of the forward pass; None where it cannot be traced."""
    forward = program.function(pair.forward)
    if pair.forward in program.student.wrapped:
        return None
    if pair.backward is None:
        return None  # a loss computes its gradient in the same function: the trace would hold that for right, too
    arguments = binding.forward_arguments(forward, pair.layer, case, case.inputs)
    by_name = {p.name: value for p, value in zip(binding.parameters(forward), arguments)}
    inputs = {name: value.copy() for name, value in case.inputs.items()}
    settings = {name: value for name, value in by_name.items() if name not in inputs}
    upstream = _upstream(outputs)
    try:
        np.random.seed(123)
        trace = record(forward, inputs, settings)
        nodes = trace.recording.outputs[: len(outputs)]
        same = len(nodes) == len(outputs) and all(
            np.array_equal(node.value, value) for node, value in zip(nodes, outputs.values())
        )
        if not same:
            return None
        trace.backward({node.name or "out": value for node, value in zip(nodes, upstream.values())})
    except BackpropvizError:
        return None
    except Exception:  # what a tracer makes of a student's function is anyone's guess; differences always work
        return None
    gradients = {f"d{name}": trace.grad.get(name, np.zeros_like(inputs[name])) for name in pair.layer.wants}
    return Reference(outputs, upstream, cleaned(gradients, upstream), {}, (trace,))


def _differences(program: Program, pair: Pair, case: Case, outputs: dict[str, Any]) -> Reference | None:
    """The gradients by central differences of the forward pass; None at a kink."""
    upstream = _upstream(outputs)

    def loss(arrays: dict[str, Any]) -> float:
        found = _outputs(program, pair, case, arrays)
        return float(sum(np.sum(found[name] * upstream[name]) for name in outputs))

    here = loss(case.inputs)
    gradients = {}
    for name in pair.layer.wants:
        gradient = _gradient(loss, case.inputs, name, here)
        if gradient is None:
            return None
        # differences of what cancels are rounding alone, and larger than that of a product
        noise = np.max(np.abs(gradient), initial=0.0) < 1e-3 * STEP
        gradients[f"d{name}"] = np.zeros_like(gradient) if noise else gradient
    known = tuple(Entry(name, "gradient", value) for name, value in gradients.items() if is_array(value))
    if pair.backward is not None:
        known += _forward_values(program, pair, case)
    return Reference(outputs, upstream, gradients, {}, (), known=known)


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
        _call(program, pair, case, case.inputs)
    return tuple(
        Entry(name, "value", visit.value)
        for (function, index, name), visit in recorder.record.visits.items()
        if function == pair.forward and index >= 0 and is_array(visit.value)
    )
