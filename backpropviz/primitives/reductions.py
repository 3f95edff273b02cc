"""Gates that bring many entries down to few: sums, means, variances, extremes, products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """`axis` as a sorted tuple of non-negative axes; None means all of them."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(a) % ndim for a in axes))


def spread(g: Any, x: Any, axis: Any, keepdims: Any = False) -> Any:
    """Give a reduced gradient back to every entry that was reduced: shape of `g` to shape of `x`."""
    # Leading axes come back by broadcasting alone.
    if not keepdims and axis is not None and (axes := axes_of(axis, x.ndim)) != tuple(range(len(axes))):
        g = np.expand_dims(g, axes)
    return np.broadcast_to(g, x.shape)


def count(x: Any, axis: Any) -> Any:
    """How many entries each output entry was made from; keeps the names of sizes."""
    return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))


def counted(x: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """How many entries each output entry was made from, with those left out that a mask `where` leaves out."""
    if where is True:
        return count(x, axis)
    return how_many(x, where, axis=axis, keepdims=keepdims)


@traceable
def how_many(x: Any, where: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """How many entries of `x` along `axis` a mask `where` leaves in: whole numbers."""
    number: Array = np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=keepdims)
    return number


gate(
    how_many,
    "how many are left in",
    "It only counts: no gradient comes back through it.",
    module="",
    helper=True,
)


def masked(vjp: Any, fill: float) -> Any:
    """The VJP of a reduction, with `where=`: what is left out counts as `fill`, and gets no gradient."""

    def with_mask(
        g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False, where: Any = True, **rest: Any
    ) -> Any:
        if where is True:
            return vjp(g, out, x, axis=axis, keepdims=keepdims, **rest)
        kept = np.where(where, x, fill)
        return np.where(where, vjp(g, out, kept, axis=axis, keepdims=keepdims, **rest), 0.0)

    return with_mask


gate(
    np.sum,
    "sum(x)",
    "A sum hands its gradient, unchanged, to every entry it added.",
    (
        "1",
        masked(lambda g, out, x, axis, keepdims, dtype=None, initial=None: spread(g, x, axis, keepdims), fill=0.0),
    ),
    into=np.sum,
    by_shape=True,
)


def _mean(
    g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False, where: Any = True, dtype: Any = None
) -> Any:
    shared = spread(g / counted(x, axis, keepdims, where), x, axis, keepdims)
    return shared if where is True else np.where(where, shared, 0.0)


gate(
    np.mean,
    "mean(x)",
    "A mean shares its gradient out evenly: each of the n entries gets 1/n of it.",
    ("1 / n", _mean),
    into=np.mean,
)


def _deviation(x: Any, axis: Any, where: Any = True) -> Any:
    mask = {} if where is True else {"where": where}
    return x - np.mean(x, axis=axis, keepdims=True, **mask)


def _var(
    g: Any,
    out: Any,
    x: Any,
    axis: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = True,
    dtype: Any = None,
) -> Any:
    if where is True:
        return spread(g, x, axis, keepdims) * (2 * _deviation(x, axis) / (count(x, axis) - ddof))
    shared = spread(g / (counted(x, axis, keepdims, where) - ddof), x, axis, keepdims)
    return np.where(where, shared * (2 * _deviation(x, axis, where)), 0.0)


gate(
    np.var,
    "var(x)",
    "A variance pulls every entry away from the mean: 2/n times its deviation.",
    ("2 * (x - mean(x)) / n", _var),
    into=np.var,
)


def _std(
    g: Any,
    out: Any,
    x: Any,
    axis: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = True,
    dtype: Any = None,
) -> Any:
    shared = spread(g / (out * (counted(x, axis, keepdims, where) - ddof)), x, axis, keepdims)
    pulled = shared * _deviation(x, axis, where)
    return pulled if where is True else np.where(where, pulled, 0.0)


gate(
    np.std,
    "std(x)",
    "A standard deviation pulls every entry away from the mean: its deviation over n * std.",
    ("(x - mean(x)) / (n * std(x))", _std),
    into=np.std,
)


@traceable
def first_winner(x: Any, winner: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Array:
    """Mark, for every output entry of a max or min, the first input entry that equals it.

    `x` of any shape; `winner` its extreme over `axis`. Returns booleans of x's shape, one True per output entry (none
    where no entry equals it: something else won), in `out` where that is given.
    """
    axes = axes_of(axis, x.ndim)
    marks = np.empty(x.shape, bool) if out is None else out
    np.equal(x, winner if keepdims else np.expand_dims(winner, axes), out=marks)
    ties = np.moveaxis(marks, axes, range(len(axes)))  # a view: what is cleared here is cleared in the marks
    count = math.prod(ties.shape[: len(axes)])
    if count <= _FEW:
        _first_of_few(ties, len(axes))
        return marks
    flat = ties.reshape(count, *ties.shape[len(axes) :])
    found = flat.copy()  # whether an entry so far is a tie: of the last one, two, four, eight, ...
    step = 1
    while step < len(found):
        found[step:] |= found[:-step]
        step *= 2
    ties[...] = np.concatenate([flat[:1], flat[1:] > found[:-1]]).reshape(ties.shape)
    return marks


_FEW = 16  # up to here, a pass over the entries one after the other takes half the time of doubling steps


def _first_of_few(ties: Array, axes: int) -> None:
    """Clear every tie that comes after another one along the first `axes` axes."""
    found: Any = False  # whether an entry so far is a tie
    for at in np.ndindex(*ties.shape[:axes]):
        entry = ties[(*at, ...)]  # a view, also of a single number
        np.greater(entry, found, out=entry)
        found = found | entry


gate(
    first_winner,
    "first winner",
    "It only marks the winner: no gradient comes back through it.",
    module="",
    into=first_winner.run,
    helper=True,
    decision=first_winner,
)


def _extreme(g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None) -> Any:
    return spread(g, x, axis, keepdims) * first_winner(x, out, axis=axis, keepdims=keepdims)


def _chooses(function: Any) -> Any:
    def decision(x: Any, axis: Any = None, keepdims: Any = False, **options: Any) -> Any:
        winner = function(x, axis=axis, keepdims=True, **options)
        return first_winner(x, winner, axis=axis, keepdims=True)

    return decision


_function: Any
for _function, _also, _loser in ((np.max, np.amax, -math.inf), (np.min, np.amin, math.inf)):
    _word = _function.__name__.removeprefix("a")
    gate(
        _function,
        f"{_word}(x)",
        f"A {_word} is a router: the gradient goes to the first entry that won, alone.",
        ("1 for the winner, else 0", masked(_extreme, fill=_loser)),
        also=(_also,),
        name=_word,
        into=_function,
        decision=_chooses(_function),
    )


_CHOICE = "It only answers which: no gradient comes back through it."
for _function in (np.any, np.all, np.count_nonzero):
    gate(_function, f"{_function.__name__}(x)", _CHOICE, decision=_function)
