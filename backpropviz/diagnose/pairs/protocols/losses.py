"""The losses that a backward pass may start from when it is handed targets: the file's own, then the usual ones.

`back_prop(X, Y, cache)` begins at `dZ = A - Y`: which loss that is the gradient of is nowhere said in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.handing import GIVEN as GIVEN_TARGET
from backpropviz.diagnose.pairs.protocols.handing import STRONG
from backpropviz.diagnose.pairs.protocols.names import STRENGTH, roles

_COST = re.compile(r"\w*(cost|loss|cross_?entropy|mse|error|objective|nll)\w*", re.IGNORECASE)
_SLOPE = re.compile(r"_?(d_?)?(cost|loss|error|mse)_?(deriv\w*|prime|grad\w*|delta)|_?d_?(cost|loss|error|mse)\w*")
_TINY = 1e-300


@dataclass(frozen=True)
class Loss:
    """One that the result may be held against.

    Attributes:
        said: what it is called. code: the number, by `out` and `given_target`. targets: how these are made up, by kind.
        strength: how much large weights count, as it is told, if it is.
    """

    said: str
    code: str
    targets: str
    strength: str = ""


def targets(out: Any, kind: str) -> Any:
    """Targets for an output: "rows" and "columns" have a one for the right class of every example, "labels" and
    "labels of columns" its number, "numbers" anything.

    Returns:
        An array of the output's shape, or (N,) whole numbers.
    """
    shape = np.shape(out)
    if kind == "numbers" or len(shape) != 2:
        return np.random.default_rng([5, *shape]).uniform(0.1, 0.9, shape)
    if kind.startswith("labels"):
        count, classes = shape if kind == "labels" else shape[::-1]
        return classes - 1 - np.arange(count) % classes  # the last class occurs: how many there are may be read off
    if 1 in shape:  # one number for each example, 0 or 1
        return (np.arange(np.size(out)) % 2).astype(float).reshape(shape)
    count, classes = shape if kind == "rows" else shape[::-1]
    ones = np.eye(classes)[np.arange(count) % classes]
    return ones if kind == "rows" else ones.T


def _one_hot(out: Any, target: Any) -> Any:
    """Targets in the shape of the output."""
    if np.shape(target) == np.shape(out):
        return target
    by_rows = np.shape(out)[0] == np.size(target)
    ones = np.eye(np.shape(out)[1 if by_rows else 0])[np.asarray(target).reshape(-1)]
    return ones if by_rows else ones.T


def cross_entropy(out: Any, target: Any) -> float:
    """Of probabilities of classes, summed over the examples."""
    return float(-np.sum(_one_hot(out, target) * np.log(np.maximum(out, _TINY))))


def binary_cross_entropy(out: Any, target: Any) -> float:
    """Of probabilities of yes, summed over all entries."""
    y = _one_hot(out, target)
    return float(-np.sum(y * np.log(np.maximum(out, _TINY)) + (1 - y) * np.log(np.maximum(1 - np.asarray(out), _TINY))))


def cross_entropy_of_scores(out: Any, target: Any) -> float:
    """Of the softmax of scores, which the forward pass leaves to the loss."""
    y = _one_hot(out, target)
    axis = -1 if np.ndim(y) < 2 or np.allclose(np.sum(y, axis=1), 1) else 0
    scores = out - np.max(out, axis=axis, keepdims=True)
    return float(np.sum(y * (np.log(np.sum(np.exp(scores), axis=axis, keepdims=True)) - scores)))


def half_squares(out: Any, target: Any) -> float:
    """Half of the squared differences, summed."""
    return float(0.5 * np.sum((np.asarray(out) - _one_hot(out, target)) ** 2))


GIVEN = {
    "__targets__": targets, "__cross_entropy__": cross_entropy, "__binary_cross_entropy__": binary_cross_entropy,
    "__half_squares__": half_squares, "__cross_entropy_of_scores__": cross_entropy_of_scores,
}  # fmt: skip
"""What the functions around a student's call, by the names that they have in its namespace."""

_USUAL = (
    ("the cross-entropy of softmax's output", "__cross_entropy__(out, given_target)"),
    ("the binary cross-entropy", "__binary_cross_entropy__(out, given_target)"),
    ("half of the squared error", "__half_squares__(out, given_target)"),
    ("the squared error", "2 * __half_squares__(out, given_target)"),
    ("the cross-entropy of the softmax of the scores", "__cross_entropy_of_scores__(out, given_target)"),
)
_OVER = {
    "rows": (("", ", summed over the examples"), (" / out.shape[0]", ", mean over the examples")),
    "columns": (("", ", summed over the examples"), (" / out.shape[1]", ", mean over the examples")),
    "entries": ((" / out.size", ", mean over all entries"),),
}


def losses(
    namespace: dict[str, Any], functions: dict[str, ast.FunctionDef], out: Any,
    known: Mapping[str, Any] = MappingProxyType({}), called: Collection[str] = (),
) -> Iterator[Loss]:  # fmt: skip
    """Those that a result may be the gradient of, the file's own first.

    Args:
        known: what the forward pass was called with, by name: `cost(A3, Y, parameters, lambd)` takes some again.
        called: the functions and methods that the backward pass calls, `cost_derivative` among them.
    """
    axes = np.ndim(out)
    own, is_the_one = _held(known)
    if own:
        for kind in ("rows", "columns", "labels", "numbers"):
            yield Loss("the network's cost of the file", own, kind)
        if is_the_one:
            return
    kinds = ("rows", "columns", "labels", "labels of columns", "numbers") if axes == 2 else ("numbers",)
    for name in filter(_SLOPE.fullmatch, called):
        slope = getattr(known.get("layer"), name, None) or namespace.get(name)
        if callable(slope) and (its := _of_slope(slope, name, out)) is not None:
            yield its
            return
    for kind in kinds:
        for name, function in functions.items():
            if "." in name or not _COST.fullmatch(name) or name not in namespace:
                continue
            takes = function.args.args[: len(function.args.args) - len(function.args.defaults)]
            again = {its.arg: its.arg for its in takes if its.arg in known}
            again |= {its.arg: STRONG for its in takes if roles(its.arg)[:1] == (STRENGTH,)}
            for order in (("out", GIVEN_TARGET), (GIVEN_TARGET, "out")) if len(takes) == len(again) + 2 else ():
                rest = iter(order)
                arguments = ", ".join(again.get(its.arg) or next(rest) for its in takes)
                strength = STRONG if STRONG in again.values() else ""
                yield Loss(f"{name} of the file", f"np.mean({name}({arguments}))", kind, strength)
        over = [*_OVER["rows"], *_OVER["columns"], *_OVER["entries"]] if axes == 2 else [*_OVER["rows"]]
        for said, code in _USUAL:
            for share, words in dict(over).items():
                yield Loss(f"{said}{words}", f"{code}{share}", kind)


def _of_slope(slope: Callable[..., Any], name: str, out: Any) -> Loss | None:
    """The usual loss whose slope a function of outputs and targets gives; None where it is that of none."""
    given = targets(out, "rows")
    direction = np.random.default_rng(3).normal(size=np.shape(out))
    try:
        its = float(np.sum(np.asarray(slope(np.array(out), given)) * direction))
    except Exception:  # it takes something else
        return None
    for said, code in _USUAL:
        for share, words in _OVER["rows"] + _OVER["columns"] if np.ndim(out) == 2 else _OVER["rows"]:
            ends = (eval(f"{code}{share}", {**GIVEN, "out": out + step * direction, GIVEN_TARGET: given})
                    for step in (1e-6, -1e-6))  # fmt: skip
            if np.isclose((next(ends) - next(ends)) / 2e-6, its, rtol=1e-4):
                return Loss(f"{said}{words}, by {name} of the file", f"{code}{share}", "rows")
    return None


def _held(known: Mapping[str, Any]) -> tuple[str, bool]:
    """The cost that a network was made with, as code: `layer.cost.fn(out, given_target)`, empty where it has none; and
    whether the backward pass starts from it for sure, by its `delta`: a step with a `backward` of it may be another's.
    """
    for name, part in vars(known["layer"]).items() if known.get("layer") is not None else ():
        method = next((its for its in ("fn", "forward", "loss") if callable(getattr(part, its, None))), "")
        is_the_one = hasattr(part, "delta")
        if _COST.fullmatch(name) and method and (is_the_one or hasattr(part, "backward")):
            return f"np.sum(layer.{name}.{method}(out, {GIVEN_TARGET}))", is_the_one
    return "", False
