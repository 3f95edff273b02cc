"""Closed forms in a right backward pass: a gradient in fewer operations than the chain rule takes, step by step.

Nothing is known of any layer. What is counted is what stands there: the operations of the student's lines from one
gradient to another, with what they work out of forward values, and those of the recorded chain between the two.
Whoever also sets a gradient on one path of several (batchnorm's dvar) goes step by step, however short his lines are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.code.straight import listing
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.influence import behind, reads
from backpropviz.diagnose.runs.scene import recorded
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.verdict import ShorterForm
from backpropviz.engine.graph import Node, ancestors
from backpropviz.engine.trace import Trace
from backpropviz.study.closed.lines import Line, lines_between, made_of
from backpropviz.study.closed.program import Program as Derived
from backpropviz.study.closed.scenes import Scene
from backpropviz.study.values.trees import arithmetic, called, lays_out

SAVED = 2  # operations; a sum that is written in one call less is no closed form
_CLOSE = 1e-9
_UNCOUNTED = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Lambda)


@dataclass(frozen=True)
class Written:
    """The statements that a gradient comes from, in the function that returns it.

    Attributes:
        touched: those of them that work on gradients, by index.
    """

    gradient: str
    statements: tuple[Statement, ...]
    touched: frozenset[int]

    @property
    def count(self) -> int:
        return sum(arithmetic(statement.node) for statement in self.statements)


def closed_forms(program: Program, pair: Pair, examination: Examination) -> tuple[ShorterForm, ...]:
    """The gradients of a right pair that are in closed form. Most are told apart by counting in the text alone."""
    function = pair.backward or pair.forward
    found = next(((case, right) for case, right in examination.cases if right.traces and not case.forward_only), None)
    if found is None or found[1].traces[0].loops:
        return ()
    case, right = found
    trace = right.traces[0]
    ends = _ends(list(case.inputs), right, trace)
    written = [its for its in _written(program, pair, list(right.gradients)) if its.gradient in ends]
    likely = [its for its in written if its.count + SAVED <= _recorded_operations(ends[its.gradient])]
    statements = program.statements(function) if pair.backward else []
    if not likely and not statements:
        return ()
    values = {
        index: visit.value
        for (where, index, name), visit in recorded(examination, case, right).record.visits.items()
        if where == function and name not in ("return", "")
    }
    derived = Derived.of(listing(trace), {})
    chain = derived.backward
    made = (_shorter(its, ends[its.gradient], f"d{ends[its.gradient].name}", trace, chain, values) for its in likely)
    found_here = tuple(each for each in made if each is not None)
    if found_here or not statements:
        return found_here
    taken = binding.parameters(program.function(function))[: len(pair.layer.outputs)]
    inner = _within(statements, {p.name for p in taken}, {*program.definitions})
    forms = _of_inner(inner, derived, trace, [*ends.values()], values)
    return tuple(sorted(forms, key=lambda form: form.chain_operations - form.operations)[-1:])


def _within(statements: list[Statement], taken: set[str], definitions: set[str]) -> Iterator[Written]:
    """Gradients on the way to those that are returned, with the statements behind each."""
    touched = _touched(statements, taken)
    for statement in (statements[i] for i in sorted(touched)):
        chosen = [statements[i] for i in sorted(behind(statements, {*statement.targets}, statement.index + 1))]
        if len(statement.targets) == 1 and not any(is_unclear(each, definitions) for each in chosen):
            yield Written(statement.targets[0], tuple(chosen), frozenset(touched & {s.index for s in chosen}))


def _of_inner(
    inner: Iterator[Written], derived: Derived, trace: Trace, inputs: list[Node], values: dict[int, Any]
) -> Iterator[ShorterForm]:
    """The closed forms among them: the softmax of an attention. What is smaller than its source is a path's sum."""
    arguments = Scene(trace).arguments(derived.listing)
    seen = derived.watched(arguments)
    gradients = {name: arguments[name] for name in derived.listing.upstream}
    gradients |= {name: value for line in derived.backward for name, value in seen.get(line, {}).items()}
    for written in inner:
        value = values.get(written.statements[-1].index)
        name = next((name for name, wanted in gradients.items() if _is_same(value, wanted)), "")
        ends = (n for n in trace.nodes if n.gradient is not None and n not in inputs)
        end = next((n for n in ends if _is_same(value, n.gradient.value)), None)  # type: ignore[union-attr]
        form = _shorter(written, end, name, trace, derived.backward, values) if name and end is not None else None
        if form is not None and np.size(gradients.get(form.source, 0)) <= end.gradient.value.size:  # type: ignore[union-attr]
            yield form


# ---- what is written -------------------------------------------------------------------------------------------------


def _written(program: Program, pair: Pair, wanted: list[str]) -> Iterator[Written]:
    """For each gradient that is returned by name or as an expression, the statements behind it; none in loops."""
    function = pair.backward or pair.forward
    statements = program.statements(function)
    returns = [s for s in statements if isinstance(s.node, ast.Return) and s.node.value is not None]
    if len(returns) != 1:
        return
    value = returns[0].node.value  # type: ignore[attr-defined]
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    given: set[int] = set()
    if pair.backward is None:
        if len(parts) < 2:
            return
        given = behind(statements, reads(parts[0]), returns[0].index)
        parts, touched = parts[1:], {s.index for s in statements} - given
    else:
        taken = binding.parameters(program.function(function))[: len(pair.layer.outputs)]
        touched = _touched(statements, {p.name for p in taken})
    if len(parts) != len(wanted):
        return
    for gradient, part in zip(wanted, parts):
        indices = behind(statements, reads(part), returns[0].index) - given
        chosen = [statements[i] for i in sorted(indices)]
        if not isinstance(part, ast.Name):
            chosen.append(Statement(function, returns[0].index, returns[0].line, "", part, (), 0))  # type: ignore[arg-type]
        if chosen and not any(is_unclear(s, {*program.definitions}) for s in chosen):
            yield Written(gradient, tuple(chosen), frozenset(touched & indices))


def is_unclear(statement: Statement, functions: set[str]) -> bool:
    """How many operations it stands for is not in its text: rounds, calls of functions of the file."""
    nodes = list(ast.walk(statement.node))
    if statement.loops or any(isinstance(node, _UNCOUNTED) for node in nodes):
        return True
    last = {name.rpartition(".")[2] for name in functions}
    return any(called(node) in last or (isinstance(node, ast.Name) and node.id in functions) for node in nodes)


def _touched(statements: list[Statement], names: set[str]) -> set[int]:
    """The statements that work on what comes in, or on what was made of it."""
    found, known = set[int](), {*names}
    for statement in statements:
        if reads(statement.node) & known:
            known |= {*statement.targets}
            found.add(statement.index)
    return found


# ---- what is recorded ------------------------------------------------------------------------------------------------


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
    source, before = "", set[int]()
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
        lines = between[source]
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
    return ShorterForm(written.gradient, source or upstream, after[-1].line, count, steps, long)


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
