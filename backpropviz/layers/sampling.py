"""Sample inputs for functions that bring none, and an explanation when given shapes do not fit."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backpropviz.errors import LayerError
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.running import line_in, runs
from backpropviz.layers.search import Arguments, Search
from backpropviz.layers.tidying import tidied


def guess(
    function: Callable[..., Any],
    rng: np.random.Generator,
    shapes: Mapping[str, Any],
    where: str,
    given: Mapping[str, Any] | None = None,
) -> Arguments:
    """Made-up arguments that `function` runs on.

    Args:
        shapes: shapes the user gave; they stay, and the other inputs follow them.
        given: values the user gave; those that are no arrays are passed on in every try.

    Raises:
        LayerError: none were found.
    """
    fixed = {name: tuple(shape) for name, shape in shapes.items()}
    search = Search(function, int(rng.integers(2**32)), fixed, given or {})
    try:
        state = search.found()
    except MissingModule as missing:
        raise needs(function, missing, where) from missing
    if state is not None:
        return search.arguments(tidied(search, state))
    if search.best is not None and search.best.problem.startswith(_NOT_OF_SIZES):
        raise LayerError(
            f"{function.__name__} failed with {search.best.problem}",
            where=search.best.where or where,
            fix="Run it once on plain arrays: it fails whatever their shapes are.",
        )
    counts = [name for name, kind in search.kinds.items() if kind in ("count", "size")]
    array = next((name for name in search.kinds if name not in counts), "x")
    number = f"{counts[0]}=3" if counts else "eps=1e-3"
    raise LayerError(
        f"no sample inputs could be made up for {function.__name__} (the best try: {search.best})",
        where=where,
        fix=f"Give shapes with --shape {array}=8,5, arrays with --input {array}={array}.npy, numbers with "
        f"--set {number}, or add `def sample(rng)` to the file, which returns a dict of inputs.",
    )


_NOT_OF_SIZES = ("NameError", "AttributeError", "ImportError", "ModuleNotFoundError", "UnboundLocalError", "FileNotF")


def needs(function: Any, missing: MissingModule, where: str) -> LayerError:
    """What is said of a function that uses something of a missing module."""
    return LayerError(
        f"{function.__name__} needs {missing}, which is not here",
        where=line_in(missing, function.__code__.co_filename) or where,
        fix="Install it, or put the file that it comes from beside this one.",
    )


def explain_misfit(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str | None:
    """Which single size keeps `function` from running, and what it would have to be; None if none does alone.

    Every candidate is tried out: one axis of one input is given the length of an axis of another input, or of several
    taken together, and only a change with which the function runs is reported.
    """
    arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    with contextlib.suppress(Exception):
        runs(function, {**arguments, **{name: np.zeros_like(value) for name, value in arrays.items()}})
        return None  # with these shapes it runs: the values were at fault
    sizes = [
        (name, f"axis {axis}", size) for name, value in arrays.items() for axis, size in enumerate(value.shape)
    ] + [
        (name, f"axes 1 to {value.ndim - 1} together", math.prod(value.shape[1:]))
        for name, value in arrays.items()
        if value.ndim > 2
    ]
    tries = 0
    for name, array in reversed(arrays.items()):
        for axis, size in enumerate(array.shape):
            for other, at, wanted in sizes:
                if wanted == size or other == name or tries >= 60:
                    continue
                tries += 1
                changed = np.zeros((*array.shape[:axis], wanted, *array.shape[axis + 1 :]), array.dtype)
                with contextlib.suppress(Exception):
                    runs(function, {**arguments, name: changed})
                    return (
                        f"{name} has shape {array.shape}: its axis {axis} is {size}, but should be {wanted}, "
                        f"like {at} of {other} {arrays[other].shape}"
                    )
    return None
