"""Edits judged where they stand, without running the program: what the right-hand side is worth with the edit in place.

A right-hand side is evaluated on what its names stood for. An edit that fails there, changes nothing, or gives what
another one gives need not be run. And where it is known which value mends everything, edits that give it come first.
"""

from __future__ import annotations

import ast
import hashlib
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.matching import arrangements
from backpropviz.diagnose.outcomes import ROUNDING, difference
from backpropviz.diagnose.student.classes import attributes_of
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.student.work import EVALUATION, WORK, TooMuch, work_limit

_SAME_VALUE = ("input_changed", "precision")  # what these mend does not show in the value itself
FAR = 2.5  # what it costs an edit that it does not give the value that is wanted
_LONGEST, _LARGEST = 3000, 500_000  # rounds, entries


class Failed(Exception):  # noqa: N818
    """The expression has no value there."""


def value_of(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Raises:
        Failed: it has none.
    """
    WORK.spend(EVALUATION)
    try:
        code = _compiled(ast.Expression(attributes_of(node)))
        with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(_LONGEST):
            warnings.simplefilter("ignore")
            value = eval(code, dict(values))
        if isinstance(value, np.ndarray) and value.size > _LARGEST:
            raise ValueError("a value of that size is nobody's")
        return value
    except (Exception, TooMuch, SystemExit) as error:  # an edit may make anything of an expression
        raise Failed from error


def _compiled(expression: ast.Expression) -> types.CodeType:
    """An expression compiled; most have the places in a text that Python asks for."""
    try:
        return compile(expression, "edit", "eval")
    except TypeError:
        return compile(ast.fix_missing_locations(expression), "edit", "eval")


def with_edit(edit: Edit, values: Mapping[str, Any]) -> Any:
    """The value of a statement's right-hand side with the edit in place.

    Raises:
        Failed: it has none.
    """
    edit.apply()
    try:
        return value_of(edit.statement.node.value, values)  # type: ignore[attr-defined]
    finally:
        edit.undo()


def is_evaluable(statement: Statement) -> bool:
    """The right-hand side can be evaluated alone: it calls nothing of the file's own."""
    node = statement.node
    if not isinstance(node, ast.Assign | ast.AugAssign) or not isinstance(node.value, ast.expr):
        return False
    calls = [inner.func for inner in ast.walk(node.value) if isinstance(inner, ast.Call)]
    return all(isinstance(function, ast.Attribute) for function in calls)


def worth_running(edits: list[Edit], statement: Statement, values: Mapping[str, Any], wanted: Any) -> Iterator[Edit]:
    """The edits that make a difference, each difference once; those that do not give the wanted value cost more.
    The sizes that values are made from have to be told apart where they are evaluated. In a loop, the values are those
    of the last round, which tell no more than that an edit fails.

    Args:
        wanted: the value that mends everything, or None if that is not known.
    """
    if not is_evaluable(statement):
        yield from edits
        return
    seen: set[bytes] = set()
    try:
        seen.add(_mark(value_of(statement.node.value, values)))  # type: ignore[attr-defined]
    except Failed:
        if statement.loops:
            yield from edits
            return
        wanted = None
    is_sum = isinstance(statement.node, ast.AugAssign)
    inside = {id(node) for node in ast.walk(statement.node.value)}  # type: ignore[attr-defined]
    for edit in sorted(edits, key=lambda edit: edit.cost):
        if edit.own_text or edit.parts or not all(_is_inside(slot, statement.node, inside) for slot, _ in edit.changes):
            yield edit
            continue
        try:
            value = with_edit(edit, values)
        except Failed:
            continue
        if statement.loops:
            yield edit
            continue
        mark = _mark(value)
        if mark and mark in seen and edit.kind not in _SAME_VALUE:
            continue
        seen.add(mark)
        if wanted is not None and not is_sum and not is_wanted(value, wanted):
            edit.cost += FAR
        yield edit


def _is_inside(slot: Slot, node: ast.stmt, inside: set[int]) -> bool:
    """The slot is in the right-hand side."""
    held = slot.container
    if held is node:
        return bool(slot.key == "value")
    return id(held) in inside or (isinstance(held, list) and any(id(item) in inside for item in held))


def is_wanted(value: Any, wanted: Any) -> bool:
    """The value, or the same with its axes arranged in another way."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        return False
    if value.shape == np.shape(wanted):
        return difference(value, wanted) <= ROUNDING
    return any(difference(value, arranged) <= ROUNDING for arranged in arrangements(wanted, value.shape))


def _mark(value: Any) -> bytes:
    """The same for arrays that are equal up to rounding; empty for anything else, which may be equal by chance."""
    if type(value) is np.ndarray and value.dtype.kind in "fb" and value.size > 2:
        with np.errstate(all="ignore"):
            top = float(np.max(np.abs(value), initial=0.0)) if value.dtype.kind != "b" else 1.0
            digits = 10 - int(np.floor(np.log10(top))) if 0 < top < np.inf else 0
            rounded = np.round(value.astype(float), digits) + 0.0
            return f"{value.shape} {value.dtype.kind} ".encode() + hashlib.blake2b(rounded.tobytes()).digest()
    return b""
