"""What a statement should read, as derived code in the student's own names: for lines that no small edit mends.

The code comes from our trace of the layer. Each name in it is replaced by one of the student that holds the same value
when the statement runs, or else by the code behind it.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.code.straight import listing
from backpropviz.diagnose.edits.blocks import Place
from backpropviz.diagnose.edits.tree import Edit, Slot, with_entries
from backpropviz.diagnose.pairs.reference import Entry
from backpropviz.diagnose.runs.outcomes import ROUNDING, difference
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.student.program import Program
from backpropviz.engine.trace import Trace
from backpropviz.study.values.trees import name

DEPTH = 4  # how often code may stand for a name inside code
LONGEST = 160  # characters; what is longer helps nobody


class Untold(Exception):  # noqa: N818
    """A value that the student's names cannot tell."""


@functools.lru_cache(maxsize=64)
def _vocabulary(trace: Trace) -> tuple[dict[str, str], dict[str, Any]]:
    """The code of every named value of a trace, and the values of all names that occur in it."""
    derived = listing(trace)
    values: dict[str, Any] = {name: node.value for name, node in trace.inputs.items()}
    values |= {node.name or "": node.value for node in trace.upstream.values()}
    values |= dict(trace.settings)
    codes: dict[str, str] = {}
    for step in trace.steps:
        codes[step.name], values[step.name] = step.code, step.value
    for statement in [*derived.forward, *derived.backward]:
        codes[statement.name], values[statement.name] = statement.code, statement.node.value
    plain = {**getattr(trace.callable, "__globals__", {}), **values}
    for size in trace.sizes:  # `N, D = x.shape`, `sqrtvar = np.sqrt(running_var + eps)`
        with contextlib.suppress(Exception):  # what needs more than names has no code here
            exec(size.statement, plain)
            codes |= {name: size.statement.partition("=")[2].strip() for name in size.names[:1] if len(size.names) == 1}
    values |= {name: array for name, array in trace.constants.values() if isinstance(name, str)}
    values |= {name: plain[name] for size in trace.sizes for name in size.names if name in plain}
    return codes, values


def derived_edit(program: Program, scene: Scene, suspect: Suspect) -> Edit | None:
    """The edit that makes a statement compute the right value; None where it cannot be told in the student's names."""
    node, entry = suspect.statement.node, suspect.cut
    target = (
        node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else getattr(node, "target", None)
    )
    if entry is None or suspect.statement.loops or not isinstance(target, ast.Name):
        return None
    namespace = program.student.namespace
    known = with_entries(scene.scope(suspect.statement))
    for trace, code in _sources(scene, entry):
        try:
            tree = _Translation(trace, known, namespace, suspect).translated(code)
        except Untold:
            continue
        if len(ast.unparse(tree)) > LONGEST or not _gives(tree, {**namespace, **known}, suspect.cut_value):
            continue
        if isinstance(node, ast.Assign):
            located = ast.fix_missing_locations(ast.copy_location(tree, node))
            return Edit(suspect.statement, [(Slot(node, "value"), located)], "wrong_value", 0.0)
        assignment = ast.Assign([ast.Name(target.id, ast.Store())], tree)
        place = Place.of(program.definitions[suspect.statement.function], suspect.statement)
        return None if place is None else place.exchanged([assignment], "wrong_value", 0.0)
    return None


def missing_terms(program: Program, scene: Scene, function: str) -> Iterator[tuple[Suspect, Edit]]:
    """Where a gradient is computed and never used: the line behind it that adds its path to a value still in parts."""
    statements = program.statements(function)
    here = [s for s in scene.suspects if s.statement.function == function and s.matched is not None]
    for suspect in here:
        later = [other.node for other in statements if other.index > suspect.statement.index]
        read = {node.id for other in later for node in ast.walk(other) if isinstance(node, ast.Name)}
        if suspect.statement.loops or suspect.target in read:
            continue
        for part in here:
            total, _, number = (part.matched.name if part.matched else "").rpartition("_")
            if not total or not number.isdigit() or part.statement.index > suspect.statement.index:
                continue
            known = with_entries(scene.scope(suspect.statement)) | {suspect.target: suspect.value}
            for trace in scene.right.traces:
                codes, _ = _vocabulary(trace)
                try:
                    tree = _Translation(trace, known, program.student.namespace).translated(codes.get(total, ""))
                except (Untold, SyntaxError):
                    continue
                line = ast.Assign([ast.Name(part.target, ast.Store())], tree)
                place = Place.of(program.definitions[function], suspect.statement)
                assert place is not None
                yield suspect, place.followed([line])


def _sources(scene: Scene, entry: Entry) -> Iterator[tuple[Trace, str]]:
    """The code that computes a right value, in each trace that has it."""
    for trace in scene.right.traces:
        codes, values = _vocabulary(trace)
        for named, code in codes.items():
            value = values[named]
            if np.shape(value) == entry.value.shape and difference(value, entry.value) <= ROUNDING:
                yield trace, code
                break


class _Translation:
    """Code in our names, told in the student's; what `suspect` computes so far is told by its expression."""

    def __init__(
        self, trace: Trace, known: Mapping[str, Any], namespace: Mapping[str, Any], suspect: Suspect | None = None
    ):
        self.codes, self.values = _vocabulary(trace)
        self.known, self.namespace, self.suspect = known, namespace, suspect

    def translated(self, code: str, depth: int = 0) -> ast.expr:
        """Raises:
        Untold: for a name in it neither a name nor code was found.
        """
        tree: ast.expr = ast.parse(code, mode="eval").body
        holder = ast.Expression(tree)
        for parent in list(ast.walk(holder)):
            if isinstance(parent, ast.Attribute) and parent.attr == "shape" and isinstance(parent.value, ast.Name):
                parent.value = self._as_long_as(parent.value.id) or self._told(parent.value.id, depth)
                continue
            for field, value in ast.iter_fields(parent):
                if isinstance(value, ast.Name):
                    setattr(parent, field, self._told(value.id, depth))
                elif isinstance(value, list):
                    value[:] = [self._told(v.id, depth) if isinstance(v, ast.Name) else v for v in value]
        return holder.body

    def _as_long_as(self, ours: str) -> ast.expr | None:
        """Any value of the student's with the same shape."""
        shape = np.shape(self.values.get(ours, 0.0))
        return next((name(k) for k, v in self.known.items() if isinstance(v, np.ndarray) and v.shape == shape), None)

    def _told(self, ours: str, depth: int) -> Any:
        if ours in ("np", "len") or ours not in self.values:
            if ours in self.namespace or ours == "len":
                return ast.Name(ours, ast.Load())
            raise Untold(ours)
        wanted = self.values[ours]
        for theirs, value in self.known.items():
            if _same(value, wanted):
                return name(theirs)
        if self.suspect is not None and _same(self.suspect.value, wanted):
            return copy.deepcopy(getattr(self.suspect.statement.node, "value", None))
        if ours in self.codes and depth < DEPTH:
            return self.translated(self.codes[ours], depth + 1)
        raise Untold(ours)


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, np.ndarray) and wanted.ndim:
        return isinstance(value, np.ndarray) and value.shape == wanted.shape and difference(value, wanted) <= ROUNDING
    return isinstance(value, int | float) and type(value) is type(wanted) and value == wanted


def _gives(tree: ast.expr, scope: dict[str, Any], right: Any) -> bool:
    """The expression computes the right value where the statement stands."""
    try:
        expression = ast.fix_missing_locations(ast.Expression(tree))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = eval(compile(expression, "derived", "eval"), scope)
    except Exception:  # names that mean something else here
        return False
    return np.shape(value) == np.shape(right) and difference(value, np.asarray(right)) <= 1e-6
