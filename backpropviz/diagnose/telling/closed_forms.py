"""Closed forms in a right backward pass: a gradient in fewer operations than the chain rule takes, step by step.

Nothing is known of any layer. What is counted is what stands there: the operations of the student's lines from one
gradient to another, with what they work out of forward values, and those of the recorded chain between the two.
Whoever also sets a gradient on one path of several (batchnorm's dvar) goes step by step, however short his lines are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.code.straight import listing
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.pairs.unknown_gradients import trace_of_class
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.influence import behind
from backpropviz.diagnose.runs.scene import Scene as Recorded
from backpropviz.diagnose.runs.scene import recorded
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.telling.written import Written, first_set, in_method, touched_by, within, written
from backpropviz.diagnose.verdict import ShorterForm
from backpropviz.engine.graph import Node, ancestors
from backpropviz.engine.trace import Trace
from backpropviz.study.closed.lines import Line, lines_between, made_of
from backpropviz.study.closed.program import Program as Derived
from backpropviz.study.closed.scenes import Scene
from backpropviz.study.values.trees import arithmetic, lays_out

SAVED = 2  # operations; a sum that is written in one call less is no closed form
_CLOSE = 1e-9


def closed_forms(program: Program, pair: Pair, examination: Examination) -> tuple[ShorterForm, ...]:
    """The gradients of a right pair that are in closed form. Most are told apart by counting in the text alone."""
    method = _method(program, pair)
    found = next(((c, r) for c, r in examination.cases if (r.traces or method) and not c.forward_only), None)
    if found is None:
        return ()
    case, right = found
    trace = right.traces[0] if right.traces else trace_of_class(program, pair, case, right.outputs)
    if trace is None or trace.loops:
        return ()
    ends = _ends(list(case.inputs), right, trace)
    if method:
        return _of_method(program, method, ends, trace, recorded(examination, case, right))
    function = pair.backward or pair.forward
    given = [its for its in written(program, pair, list(right.gradients)) if its.gradient in ends]
    likely = [its for its in given if its.count + SAVED <= _recorded_operations(ends[its.gradient])]
    statements = program.statements(function) if pair.backward else []
    if not likely and not statements:
        return ()
    values = _values(recorded(examination, case, right), function)
    derived = Derived.of(listing(trace), {})
    found_here = _told(likely, ends, trace, derived.backward, values)
    if found_here or not statements:
        return found_here
    taken = binding.parameters(program.function(function))[: len(pair.layer.outputs)]
    inner = within(statements, {p.name for p in taken}, {*program.definitions})
    forms = _of_inner(inner, derived, trace, [*ends.values()], values)
    return tuple(sorted(forms, key=lambda form: form.chain_operations - form.operations)[-1:])


def _method(program: Program, pair: Pair) -> str:
    """The method that the pair's backward pass is written around; "" where there is none."""
    its = program.student.wrapped.get(pair.forward)
    apart = its is not None and its.forward != its.backward and "." in its.backward
    return its.backward if its is not None and apart and its.backward in program.definitions else ""


def _of_method(
    program: Program, method: str, ends: dict[str, Node], trace: Trace, scene: Recorded
) -> tuple[ShorterForm, ...]:
    """The same of a method, which returns gradients and keeps others in attributes: by what it sets, name by name."""
    statements = program.statements(method)
    visits = {(at, name): visit.value for (where, at, name), visit in scene.record.visits.items() if where == method}
    upstream = [*scene.right.upstream.values()]
    taken = {name for (at, name), value in visits.items() if at < 0 and any(_is_same(value, u) for u in upstream)}
    touched = touched_by(statements, taken) if taken else {statement.index for statement in statements}
    wanted = {gradient: end.gradient.value for gradient, end in ends.items() if end.gradient is not None}
    firsts = first_set(visits, touched, wanted, _is_same)
    given = in_method(statements, touched, firsts, {*program.definitions})
    likely = [its for its in given if its.count + SAVED <= _recorded_operations(ends[its.gradient])]
    if not likely:
        return ()
    return _told(likely, ends, trace, Derived.of(listing(trace), {}).backward, _values(scene, method))


def _told(
    likely: list[Written], ends: dict[str, Node], trace: Trace, chain: list[Line], values: dict[int, Any]
) -> tuple[ShorterForm, ...]:
    made = (_shorter(its, ends[its.gradient], f"d{ends[its.gradient].name}", trace, chain, values) for its in likely)
    return tuple(each for each in made if each is not None)


def _values(scene: Recorded, function: str) -> dict[int, Any]:
    """What the statements of a function set, by their index."""
    visits = scene.record.visits.items()
    return {at: v.value for (where, at, name), v in visits if where == function and name not in ("return", "")}


def _of_inner(
    inner: Iterator[Written], derived: Derived, trace: Trace, inputs: list[Node], values: dict[int, Any]
) -> Iterator[ShorterForm]:
    """The closed forms among them: the softmax of an attention. What is smaller than its source is a path's sum."""
    arguments = Scene(trace).arguments(derived.listing)
    seen = derived.watched(arguments)
    gradients = {name: arguments[name] for name in derived.listing.upstream}
    gradients |= {name: value for line in derived.backward for name, value in seen.get(line, {}).items()}
    for its in inner:
        value = values.get(its.statements[-1].index)
        name = next((name for name, wanted in gradients.items() if _is_same(value, wanted)), "")
        ends = (n for n in trace.nodes if n.gradient is not None and n not in inputs)
        end = next((n for n in ends if _is_same(value, n.gradient.value)), None)  # type: ignore[union-attr]
        form = _shorter(its, end, name, trace, derived.backward, values) if name and end is not None else None
        if form is not None and np.size(gradients.get(form.source, 0)) <= end.gradient.value.size:  # type: ignore[union-attr]
            yield form


def _ends(inputs: list[str], right: Reference, trace: Trace) -> dict[str, Node]:
    """The input that each gradient is of."""
    nodes = list(trace.inputs.values())
    found = {}
    for gradient in right.gradients:
        called = gradient.removeprefix("d")
        at = inputs.index(called) if called in inputs else len(nodes)
        node = trace.inputs.get(called) or (nodes[at] if at < len(nodes) else None)
        if node is not None and node.gradient is not None:
            found[gradient] = node
    return found


def _recorded_operations(end: Node) -> int:
    """At most so many operations of the backward pass lead to a gradient."""
    assert end.gradient is not None
    nodes = ancestors([end.gradient])
    return sum(node.primitive is not None and not lays_out(node.primitive.name) for node in nodes)


def _shorter(
    written: Written, end: Node, gradient: str, trace: Trace, chain: list[Line], values: dict[int, Any]
) -> ShorterForm | None:
    """What there is to say of one gradient; None where it is set step by step, or not shorter.

    Args:
        end: what it is of. gradient: its name in the recorded chain.
    """
    assert end.gradient is not None
    nodes = [node for node in trace.nodes if node.gradient is not None and node is not end and end in ancestors([node])]
    lines = made_of(chain, {gradient})
    source, shown, before = "", "", set[int]()
    for statement in written.statements[:-1]:
        if statement.index not in written.touched:
            continue
        value = values.get(statement.index)
        alike = [n for n in nodes if n.gradient is not None and _is_same(value, n.gradient.value)]
        if not alike or _is_same(value, end.gradient.value):  # it is the same in another shape
            continue
        if not all(_is_passed_by_all(its, end, trace) for its in alike):
            return None
        between = {f"d{n.name}": lines_between(chain, gradient, f"d{n.name}") for n in alike if n.name}
        source = min(between, key=lambda name: len(between[name]), default="")
        if not source or not any(source in line.names for line in chain):
            return None
        lines, shown = between[source], statement.targets[0]
        before = behind([*written.statements], {*statement.targets}, statement.index + 1)
    after = [s for s in written.statements if s.index not in before]
    count = sum(arithmetic(s.node) for s in after)
    steps = sum(arithmetic(ast.parse(line.text)) for line in lines)
    used = sum(arithmetic(s.node) > 0 for s in after)
    long = sum(arithmetic(ast.parse(line.text)) > 0 for line in lines)
    if count + SAVED > steps or used >= long or not count:
        return None
    names = [node.name or "" for node in trace.upstream.values()]
    upstream = "the loss" if all(node.value.ndim == 0 for node in trace.upstream) else ", ".join(names)
    return ShorterForm(written.gradient, shown or upstream, after[-1].line, count, steps, long)


def _is_passed_by_all(node: Node, end: Node, trace: Trace) -> bool:
    """Whether every path back to an input goes through a value's gradient."""
    seen: set[Node] = set()
    waiting = [begin for begin in trace.upstream if begin is not node]
    while waiting:
        passed = waiting.pop()
        if passed is end:
            return False
        if passed not in seen:
            seen.add(passed)
            waiting += [parent for parent in passed.parents if parent is not node]
    return True


def _is_same(value: Any, wanted: Any) -> bool:
    """Equal, whatever axes of length one they have."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size != np.size(wanted):
        return False
    off = np.max(np.abs(value.ravel() - np.ravel(wanted)), initial=0.0)
    return bool(off <= _CLOSE * np.max(np.abs(wanted), initial=0.0))
