"""Edits judged where they stand, without running the program: what the right-hand side is worth with the edit in place.

A right-hand side is evaluated on what its names stood for. An edit that fails there, changes nothing, or gives what
another one gives need not be run. And where it is known which value mends everything, edits that give it come first.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import types
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.runs.matching import arrangements
from backpropviz.diagnose.runs.outcomes import ROUNDING, difference
from backpropviz.diagnose.student.classes import placed
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.diagnose.student.work import EVALUATION, WORK, TooMuch, work_limit

_SAME_VALUE = ("input_changed", "precision")  # what these mend does not show in the value itself
FAR = 2.5  # what it costs an edit that it does not give the value that is wanted
SPREAD = 0.5  # what it costs a factor that it gives the value another shape: it is missing where the value is used
FACTORS = ("missing_factor", "constant_factor")
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
        code = _compiled(ast.Expression(placed(node, "")))
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
    with edit:
        return value_of(edit.statement.node.value, values)  # type: ignore[attr-defined]


def is_evaluable(statement: Statement) -> bool:
    """The right-hand side can be evaluated alone: it calls nothing of the file's own."""
    node = statement.node
    if not isinstance(node, ast.Assign | ast.AugAssign) or not isinstance(node.value, ast.expr):
        return False
    calls = [inner.func for inner in ast.walk(node.value) if isinstance(inner, ast.Call)]
    return all(isinstance(function, ast.Attribute) for function in calls)


class Judging:
    """The edits of one statement, judged where it stands: those that make a difference, each difference once. They are
    judged in their order, the everyday slips first, and no sooner than somebody asks.

    The sizes that values are made from have to be told apart where they are evaluated. In a loop, the values are those
    of the last round, which tell no more than that an edit fails.

    Args:
        edits: in the order of their costs. values: what names stand for.
        wanted: the value that mends everything, or None if that is not known.
    """

    def __init__(self, edits: list[Edit], statement: Statement, values: Mapping[str, Any], wanted: Any):
        self.statement, self.values, self.wanted = statement, values, wanted
        self._waiting = iter(edits)
        self._kept: dict[int, bool] = {}  # by the identity of an edit
        self._shape: tuple[int, ...] | None = None  # of the value as it stands, if it is an array

    def is_kept(self, edit: Edit) -> bool:
        """Whether an edit is worth running. One that does not give the wanted value costs more from now on."""
        while id(edit) not in self._kept:
            following = next(self._waiting)
            self._kept[id(following)] = self._judged(following)
        return self._kept[id(edit)]

    @functools.cached_property
    def _inside(self) -> set[int] | None:
        """The nodes of the right-hand side; None where it cannot be evaluated alone."""
        if not is_evaluable(self.statement):
            return None
        return {id(node) for node in ast.walk(self.statement.node.value)}  # type: ignore[attr-defined]

    @functools.cached_property
    def _seen(self) -> set[bytes] | None:
        """What the right-hand side is worth, as it stands and with the edits so far; None where nothing is told."""
        try:
            now = value_of(self.statement.node.value, self.values)  # type: ignore[attr-defined]
            self._shape = getattr(now, "shape", None)
            return {_mark(now)}
        except Failed:
            self.wanted = None
            return None if self.statement.loops else set()

    def _judged(self, edit: Edit) -> bool:
        node, inside = self.statement.node, self._inside
        if inside is None or self._seen is None or edit.own_text or edit.parts:
            return True
        if not all(_is_inside(slot, node, inside) for slot, _ in edit.changes):
            return True
        try:
            value = with_edit(edit, self.values)
        except Failed:
            return False
        if edit.kind in FACTORS and self._shape not in (None, getattr(value, "shape", None)):
            edit.cost += SPREAD
        if self.statement.loops:
            return True
        mark = _mark(value)
        if mark and mark in self._seen and edit.kind not in _SAME_VALUE:
            return False
        self._seen.add(mark)
        is_sum = isinstance(node, ast.AugAssign)
        if self.wanted is not None and not is_sum and not is_wanted(value, self.wanted):
            edit.cost += FAR
        return True


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
