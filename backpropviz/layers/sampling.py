"""Sample inputs for functions that bring none, and an explanation when given shapes do not fit."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.errors import LayerError

Arguments = dict[str, Any]

_NUMBERS = {
    "eps": 1e-5, "epsilon": 1e-5, "momentum": 0.9, "stride": 1, "pad": 1, "padding": 1, "alpha": 0.1, "p": 0.5,
    "keep_prob": 0.5, "G": 3, "groups": 3, "pool_size": 2, "pool_height": 2, "pool_width": 2, "reg": 0.1, "lr": 0.1,
    "mode": "train", "axis": 0, "seed": 0, "temperature": 2.0, "slope": 0.1,
}  # fmt: skip
_VECTORS = {"gamma", "beta", "scale", "shift", "g", "mean", "mu", "running_mean", "bias", "b"}
_POSITIVE = {"var", "running_var", "sigma", "std", "sample_var"}
_WEIGHTS = {"w", "weight", "weights", "kernel", "filters", "theta", "wx", "wh"}
_LABELS = {"y", "t", "labels", "target", "targets", "y_true"}


def by_name(function: FunctionType, rng: np.random.Generator, shapes: Mapping[str, Any]) -> Iterator[Arguments]:
    """Sets of arguments to try for `function`, most likely first, made up from its parameters' names.

    Args:
        shapes: shapes the user gave; the other inputs follow them where a convention says how.
    """
    required = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    given_x = next((tuple(shapes[name]) for name in required if name in shapes and len(shapes[name]) > 1), None)
    mains = [given_x] if given_x else [(4, 3), (2, 3, 6, 5), (3,), ()]
    for main, integer_labels in itertools.product(mains, (False, True)):
        yield {name: _argument(name, main, integer_labels, required, rng, shapes) for name in required}


def _argument(
    name: str, main: Any, integer_labels: bool, required: list[str], rng: np.random.Generator, shapes: Mapping[str, Any]
) -> Any:
    plain = name.lower().rstrip("0123456789_")
    if name in _NUMBERS:
        return _NUMBERS[name]
    if len(name) == 1 and name.isupper() and name in "NDCHWFM" and name not in shapes:
        places = {"N": 0, "D": -1, "C": 1, "H": 2, "W": 3, "F": 1, "M": -1}
        if -len(main) <= places[name] < len(main):
            return int(main[places[name]])
    if plain.endswith(("param", "params", "config", "cfg")):
        return dict(_NUMBERS)
    channels = (main[1:2] if len(main) == 4 else main[-1:]) or ()
    outputs = (4,) if len(main) == 4 else (2,)
    has_weights = any(other.lower().rstrip("0123456789_") in _WEIGHTS for other in required)
    if plain in _LABELS and integer_labels and main:
        return rng.integers(0, main[-1], main[0])
    if plain in _WEIGHTS:
        shape = (*outputs, *channels, 3, 2) if len(main) == 4 else (*channels, *outputs)
    elif plain in _VECTORS | _POSITIVE:
        shape = outputs if has_weights and plain in ("b", "bias") else channels
    else:
        shape = main
    shape = tuple(shapes.get(name, shape))
    return rng.uniform(0.5, 2.0, shape) if plain in _POSITIVE | {"gamma", "scale"} else rng.normal(0.5, 1.0, shape)


def guess(function: FunctionType, rng: np.random.Generator, shapes: Mapping[str, Any], where: str) -> Arguments:
    """The first set of made-up arguments that `function` runs on.

    Raises:
        LayerError: it runs on none of them.
    """
    problems = []
    for arguments in by_name(function, rng, shapes):
        try:
            if runs(function, arguments):
                return arguments
            problem = "the result is not finite"
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {error}"
        arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray | float)}
        problems.append(f"{', '.join(f'{name} {np.shape(value)}' for name, value in arrays.items())}: {problem}")
    raise LayerError(
        f"no sample inputs could be made up for {function.__name__} (tried {problems[0]})",
        where=where,
        fix="Give shapes with --shape x=8,5, arrays with --input x=x.npy, numbers with --set eps=1e-3, or add "
        "`def sample(rng)` to the file, which returns a dict of inputs.",
    )


def runs(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether `function` returns something finite on plain copies of `arguments`; its prints are swallowed."""
    copies = {name: _copy(value) for name, value in arguments.items()}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        returned = function(**copies)
    first = returned[0] if isinstance(returned, tuple) and returned else returned
    return not isinstance(first, np.ndarray | float) or bool(np.isfinite(first).all())


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray | dict) else value


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
