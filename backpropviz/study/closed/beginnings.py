"""Where a search for a closed form begins: the derived code with the forward values to choose from, and its runs."""

from __future__ import annotations

import itertools

from backpropviz.code.listing import Listing
from backpropviz.code.rolled import rolled
from backpropviz.code.straight import listing
from backpropviz.engine.gradient_names import fresh
from backpropviz.engine.graph import Node
from backpropviz.engine.sharing import same_computations
from backpropviz.engine.trace import Trace
from backpropviz.errors import InputError, TraceError
from backpropviz.layers.library import Layer
from backpropviz.study.closed.gates import within_gates
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.proof import holds
from backpropviz.study.closed.regrouped import regrouped
from backpropviz.study.closed.scenes import Scene, Stage
from backpropviz.study.values.trees import lays_out

SCENES, _OTHERS = 3, 8


def begun(trace: Trace, layer: Layer, inputs: tuple[str, ...]) -> Program:
    """The derived code, with all forward values that have a name."""
    code: Listing | None = rolled(trace, shelves=True) if trace.loops else None
    within = frozenset[str]()
    if code is None:
        named = [n for n in trace.nodes if n.name and n.primitive is not None and n.value.dtype.kind in "fb"]
        inner = within_gates(trace)
        read = _read_without_names(trace, inner)
        code = listing(trace, [*named, *read], read)
        within = frozenset(statement.name for statement in code.forward if statement.node in inner)
    settings = {
        name: layer.settings.get(name, value) for name, value in trace.settings.items() if name not in code.parameters
    }
    program = Program.of(code, settings, within)
    unknown = [name for name in inputs if f"d{name}" not in program.returns]
    if unknown:
        known = ", ".join(name.removeprefix("d") for name in program.returns)
        raise InputError(f"{layer.name} has no gradient of {unknown[0]!r}", fix=f"Its inputs are {known}.")
    return program.returning([f"d{name}" for name in inputs]) if inputs else program


def _read_without_names(trace: Trace, within: set[Node]) -> dict[Node, str]:
    """Names for what the forward pass has computed and the backward pass reads: it need not compute that again.

    What one sign makes of a value on the way through a gate gets none: to read it costs as much as to compute it.
    """
    if not trace.upstream:
        trace.backward()
    first, own = same_computations(trace.nodes), {*trace.nodes}
    read = {first[parent] for red in trace.red.nodes for parent in red.parents if parent in own}
    taken = trace.taken() | {node.name for node in trace.red.nodes} | {*trace.gradient_names.shared.values()}
    found, numbers = dict[Node, str](), dict[str, int]()
    for node in trace.nodes:
        gate = node.primitive
        is_named = node.name is not None or node in trace.gradient_names.shared or first[node].name is not None
        if first[node] not in read or gate is None or lays_out(gate.name) or node.is_view or is_named:
            continue
        if gate.infix and node in within and not any(_is_inline(parent) for parent in node.parents):
            continue
        if node.carries_gradient:
            found[node] = found.get(first[node]) or fresh(f"{gate.name}_1", taken, numbers)
    return found


def _is_inline(node: Node) -> bool:
    """Whether it is written out where it is read."""
    return node.name is None and node.primitive is not None and bool(node.primitive.infix)


def in_other_brackets(stage: Stage, inputs: tuple[str, ...]) -> Program | None:
    """The derived code of the forward pass in other brackets; None where those are the usual ones."""
    if stage.base.trace.loops:
        return None
    trace = stage.layer.trace(stage.given, seed=1, verify=False)
    return begun(trace, stage.layer, inputs) if regrouped(trace) else None


def scenes_of(stage: Stage, program: Program) -> list[Scene]:
    """Runs that the derived code holds on; sizes that it was written out for stay as they are.

    Raises:
        TraceError: there are not enough.
    """
    scenes = _told_apart(stage, program)
    if len(scenes) < SCENES:
        stage.knobs = [
            knob for knob in stage.knobs if all(holds(program, s) for s in stage.draws(1, seed=5, knobs=[knob]))
        ]
        scenes = _told_apart(stage, program)
    if len(scenes) < SCENES:
        raise TraceError(
            f"the derived code of {stage.layer.name} does not hold on {SCENES} runs with other numbers",
            fix="Where its steps depend on the numbers of its inputs, there is no one form for all.",
        )
    return scenes


def _told_apart(stage: Stage, program: Program) -> list[Scene]:
    """Runs of which one at least tells each two sizes apart that may differ; fewer where the code holds on fewer."""
    few = [s for s in stage.draws(SCENES) if holds(program, s)]
    if len(few) < SCENES or not (together := _equal_sizes(few)):
        return few
    for other in stage.draws(_OTHERS, seed=7):
        if len(_equal_sizes([*few[1:], other])) < len(together) and holds(program, other):
            few, together = [*few[1:], other], _equal_sizes([*few[1:], other])
    return few


def _equal_sizes(scenes: list[Scene]) -> set[tuple[tuple[str, int], ...]]:
    """Axes of inputs, two and two, that are of one size on all runs."""
    sizes = [{(n, a): size for n, node in s.trace.inputs.items() for a, size in enumerate(node.shape)} for s in scenes]
    return {
        pair for pair in itertools.combinations(sizes[0], 2) if all(each[pair[0]] == each[pair[1]] for each in sizes)
    }
