"""Gates that bring many entries down to few: sums, means, variances, extremes, products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpropviz.primitives.record import gate, traceable


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """`axis` as a sorted tuple of non-negative axes; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(a) % ndim for a in axes))


def spread(g: Any, x: Any, axis: Any, keepdims: Any = False) -> Any:
    """Give a reduced gradient back to every entry that was reduced: shape of `g` to shape of `x`."""
    axes = axes_of(axis, x.ndim)
    # Leading axes come back by broadcasting alone.
    if not keepdims and axes != tuple(range(len(axes))):
        g = np.expand_dims(g, axes)
    return np.broadcast_to(g, x.shape)


def count(x: Any, axis: Any) -> Any:
    """How many entries each output entry was made from; keeps the names of sizes."""
    return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))


gate(
    np.sum,
    "sum(x)",
    "A sum hands its gradient, unchanged, to every entry it added.",
    ("1", lambda g, out, x, axis=None, keepdims=False: spread(g, x, axis, keepdims)),
    into=np.sum,
)
gate(
    np.mean,
    "mean(x)",
    "A mean shares its gradient out evenly: each of the n entries gets 1/n of it.",
    ("1 / n", lambda g, out, x, axis=None, keepdims=False: spread(g / count(x, axis), x, axis, keepdims)),
    into=np.mean,
)


def _deviation(x: Any, axis: Any) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


gate(
    np.var,
    "var(x)",
    "A variance pulls every entry away from the mean: 2/n times its deviation.",
    (
        "2 * (x - mean(x)) / n",
        lambda g, out, x, axis=None, ddof=0, keepdims=False: (
            spread(g, x, axis, keepdims) * (2 * _deviation(x, axis) / (count(x, axis) - ddof))
        ),
    ),
    into=np.var,
)
gate(
    np.std,
    "std(x)",
    "A standard deviation pulls every entry away from the mean: its deviation over n * std.",
    (
        "(x - mean(x)) / (n * std(x))",
        lambda g, out, x, axis=None, ddof=0, keepdims=False: (
            spread(g / (out * (count(x, axis) - ddof)), x, axis, keepdims) * _deviation(x, axis)
        ),
    ),
    into=np.std,
)


@traceable
def first_winner(x: Any, out: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mark, for every output entry of a max or min, the first input entry that equals it.

    `x` of any shape; `out` its extreme over `axis`. Returns booleans of x's shape, exactly one True per output entry.
    """
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(a % x.ndim for a in axes))
    ties = x == (out if keepdims else np.expand_dims(out, axes))
    last = np.moveaxis(ties, axes, range(-len(axes), 0))
    flat = last.reshape(*last.shape[: x.ndim - len(axes)], -1)
    first = np.arange(flat.shape[-1]) == np.argmax(flat, axis=-1)[..., None]
    return np.moveaxis(first.reshape(last.shape), range(-len(axes), 0), axes)


gate(
    first_winner,
    "first winner",
    "It only marks the winner: no gradient comes back through it.",
    module="",
    helper=True,
    decision=first_winner,
)


def _extreme(g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    return spread(g, x, axis, keepdims) * first_winner(x, out, axis=axis, keepdims=keepdims)


def _chooses(function: Any) -> Any:
    def decision(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return first_winner(x, function(x, axis=axis, keepdims=True), axis=axis, keepdims=True)

    return decision


_function: Any
for _function in (np.max, np.min):
    _word = _function.__name__.removeprefix("a")
    gate(
        _function,
        f"{_word}(x)",
        f"A {_word} is a router: the gradient goes to the first entry that won, alone.",
        ("1 for the winner, else 0", _extreme),
        name=_word,
        into=_function,
        decision=_chooses(_function),
    )


def _rows(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with `axes` laid out in one, the last."""
    kept = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    return np.reshape(np.moveaxis(x, axes, tuple(range(-len(axes), 0))), (*kept, -1))


def _from_rows(rows: Any, shape: Any, axes: tuple[int, ...]) -> Any:
    kept = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    apart = np.reshape(rows, (*kept, *(shape[axis] for axis in axes)))
    return np.moveaxis(apart, tuple(range(-len(axes), 0)), axes)


@traceable
def others(x: Any, axis: Any = None) -> Any:
    """For every entry of `x`, the product of all the others along `axis`: shape of `x`.

    What comes before an entry times what comes after it: nothing is divided by, so zeros do no harm.
    """
    axes = axes_of(axis, x.ndim)
    if not axes:
        return np.ones_like(x)
    rows = _rows(x, axes)
    before, after = np.ones_like(rows), np.ones_like(rows)
    np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(rows[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return np.ascontiguousarray(_from_rows(before * after, x.shape, axes))


def _others_back(g: Any, out: Any, x: Any, axis: Any = None) -> Any:
    axes = axes_of(axis, x.ndim)
    if not axes:
        return 0 * g
    rows = _rows(x, axes)
    itself = np.eye(rows.shape[-1], dtype=bool)
    # entry j is in the product of all but i, together with all but i and j
    without = np.where(itself, 0.0, others(np.where(itself, 1.0, rows[..., None, :]), axis=-1))
    return _from_rows(np.sum(_rows(g, axes)[..., None] * without, axis=-2), x.shape, axes)


gate(
    others,
    "product of the others",
    "An entry is in the product of every other one.",
    ("the product of all but two", _others_back),
    module="",
    helper=True,
)
gate(
    np.prod,
    "prod(x)",
    "A product hands each factor the product of all the others.",
    (
        "the product of the others",
        lambda g, out, x, axis=None, keepdims=False: spread(g, x, axis, keepdims) * others(x, axis=axis),
    ),
    into=np.prod,
)


def _back_to_front(g: Any, out: Any, x: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(g, axis=0), axis=0), axis=0), x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


gate(
    np.cumsum,
    "cumsum(x)",
    "A running sum collects the gradient of every later entry.",
    ("1", _back_to_front),
    into=np.cumsum,
)


def _norm(g: Any, out: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and (x.ndim if axis is None else len(axes_of(axis, x.ndim))) > 1):
        raise NotImplementedError(
            f"the gradient of np.linalg.norm with ord={ord!r}; write it out with np.sum and np.sqrt"
        )
    return spread(g / out, x, axis, keepdims) * x


gate(
    np.linalg.norm,
    "norm(x)",
    "A norm hands each entry its share x / norm.",
    ("x / norm(x)", _norm),
    module="np.linalg",
)

_CHOICE = "It only answers which: no gradient comes back through it."
for _function in (np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero):
    gate(_function, f"{_function.__name__}(x)", _CHOICE, decision=_function)
