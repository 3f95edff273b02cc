"""Conventions and odd-looking lines that are right: worth a word, never a finding.

In a normalization the deviations from the mean sum to zero. Many hand-written gradients of the mean leave out the path
over the variance, or sum it along another axis: either way it adds nothing, and the line is right.
"""

from __future__ import annotations

import ast
import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.course.names import concept
from backpropviz.course.record import Case
from backpropviz.diagnose.edits.tree import is_module_call
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.runs.influence import behind, reads
from backpropviz.diagnose.runs.scene import Scene
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import work_limit
from backpropviz.study.values.trees import called


def conventions(program: Program, pair: Pair) -> list[str]:
    """What a right pair does where the mathematics leaves a choice."""
    notes: list[str] = []
    for probe in pair.layer.conventions if pair.backward is not None else ():
        with contextlib.suppress(Exception), warnings.catch_warnings(), work_limit(100_000):
            warnings.simplefilter("ignore")
            notes.append(probe.said(_backward(program, pair, probe.case)))
    return [note for note in notes if note]


def _backward(program: Program, pair: Pair, case: Case) -> np.ndarray:
    """The gradient that comes back for an upstream gradient of ones."""
    forward, backward = program.function(pair.forward), program.function(pair.backward or "")
    arrays = {name: value.copy() for name, value in case.inputs.items()}
    returned = forward(*binding.forward_arguments(forward, pair.layer, case, arrays))
    (out, *_), cache = binding.split_outputs(returned, len(pair.layer.outputs))
    gradients = backward(*binding.backward_arguments(backward, pair.layer, case, [np.ones_like(out)], arrays, cache))
    return np.asarray(binding.split_gradients(gradients, pair.layer.wants)[0])


# ---- sums that are zero ----------------------------------------------------------------------------------------------

_SPREAD = {"divar", "dsqrtvar", "dvar", "dsq", "dxmu_2"}  # the gradients on the path over the variance
_ZERO = 1e-12
_DEVIATIONS = "the deviations from the mean (x - mu) sum to zero"


def zero_sums(program: Program, pair: Pair, scene: Scene) -> list[str]:
    """The odd-looking lines of a right normalization that rest on deviations summing to zero."""
    function = pair.backward
    if function is None or not pair.layer.centered:
        return []
    statements = program.statements(function)
    matched = {
        s.statement.index: s.matched.name for s in scene.suspects if s.statement.function == function and s.matched
    }
    found = []
    for statement in statements:
        known = {**program.student.namespace, **scene.scope(statement)}
        zeros = [] if statement.loops else list(_zeros(statement.node, known))
        found += [f"line {statement.line}: {code}, without an axis, is right: {_DEVIATIONS}" for code in zeros]
        is_mean = matched.get(statement.index) == "dmu" or concept(next(iter(statement.targets), "")) == "dmu"
        if not is_mean or zeros or statement.index not in matched:
            continue
        made_of = {matched.get(index, "") for index in behind(statements, reads(statement.node), statement.index)}
        if not made_of & _SPREAD and _SPREAD & {*matched.values()}:
            name = statement.targets[0]
            found.append(f"line {statement.line}: {name} without the path over the variance is right: {_DEVIATIONS}")
    return found


def _zeros(node: ast.stmt, known: dict[str, Any]) -> Iterator[str]:
    """The sums and means without an axis in a statement that are nothing but rounding."""
    for call in ast.walk(node):
        if called(call) not in ("sum", "mean") or not isinstance(call, ast.Call):
            continue
        if call.keywords or len(call.args) > is_module_call(call):
            continue
        summed = call.args[0] if is_module_call(call) and call.args else getattr(call.func, "value", None)
        if summed is None:
            continue
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            terms = np.asarray(_value(summed, known))
            total = np.asarray(_value(call, known))
            if terms.size > 1 and np.any(terms) and np.max(np.abs(total)) <= _ZERO * terms.size * np.max(np.abs(terms)):
                yield ast.unparse(call)


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    return eval(compile(ast.fix_missing_locations(ast.Expression(node)), "part", "eval"), known)
