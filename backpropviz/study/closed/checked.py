"""Holds an explanation, line by line, against runs that nothing in it was found on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.proof import distance
from backpropviz.study.closed.reasons import UNEXPLAINED, Reason
from backpropviz.study.closed.stretches import Stretch
from backpropviz.study.closed.watched import Watched
from backpropviz.study.values.trees import expression, names_in

_CLOSE = 1e-9


def checked(told: list[Reason], new: int, stretch: Stretch, watched: Watched) -> list[Reason]:
    """What is told, if each line of it holds on every run; else the lines of the code alone, as found by search.

    Args:
        new: how many lines at the beginning only name something; they and the last are the code.
        watched: the program on runs of its own. What is told of loops is kept: its names have a value each round.
    """
    scopes = watched.scopes(stretch)
    if scopes is None or first_wrong(told, stretch, scopes) is None:
        return told
    return [*told[:new], Reason(told[-1].formula, UNEXPLAINED)]


def first_wrong(told: Sequence[Reason], stretch: Stretch, scopes: Sequence[Mapping[str, Any]]) -> Reason | None:
    """The first line whose two sides differ on some run; None where all hold.

    A name of the long form has its value from there, so that all lines that set it are equal to each other; a name that
    is new has it from the line that sets it.
    """
    for scope in map(dict, scopes):
        if stretch.parts:
            scope[stretch.target.name] = sum(scope[part] for part in stretch.parts)
        for reason in told:
            if not _holds(reason, scope, [line.name for line in stretch.between if line.name in scope]):
                return reason
    return None


def _holds(reason: Reason, scope: dict[str, Any], way: Sequence[str]) -> bool:
    """Whether both sides are equal; what is said to be zero is measured by the values that it is made of.

    Args:
        way: names of the long form.
    """
    left, _, right = reason.formula.partition(" = ")
    scope["sum"] = partial(np.sum, axis=reason.over)
    try:
        value = _value(right, scope)
        if left.isidentifier():
            scope.setdefault(left, value)
        known, read = _value(left, scope), way if left.isidentifier() else names_in(expression(left))
        least = max(np.abs(_value(name, scope)).max(initial=0) for name in read if name != "sum") if right == "0" else 0
        return distance(np.broadcast_to(value, known.shape), known, least) <= _CLOSE
    except Exception:  # the code of a user's function: what does not run is not told
        return False


def _value(code: str, scope: dict[str, Any]) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(eval(code, scope)) * 1.0
