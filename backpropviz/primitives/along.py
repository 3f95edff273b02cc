"""Gates that pick along an axis by places which differ from row to row: sorted rows, best entries, running extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable


@traceable
def put_along(g: Any, indices: Any, shape: Any, axis: Any = -1) -> Array:
    """Zeros of `shape` with `g` added at `indices` along `axis`. The adjoint of `np.take_along_axis`.

    `g` and `indices` have the shape of what was picked; an entry that was picked twice collects both. With `axis` None
    the places are counted through all of `shape`.
    """
    x = np.zeros(tuple(shape), g.dtype)
    if axis is None:
        np.add.at(x.reshape(-1), indices, g)
        return x
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in np.shape(g))])
    grid[axis % len(shape)] = indices
    np.add.at(x, tuple(grid), g)
    return x


def _along_back(g: Any, out: Any, x: Any, indices: Any, axis: Any = -1) -> Any:
    return put_along(g, indices, x.shape, axis=axis)


gate(
    np.take_along_axis,
    "x at indices along axis",
    "The picked entries get the gradient, the others none.",
    ("1 for the picked, else 0", _along_back),
)


def _picked_again(g: Any, out: Any, x: Any, indices: Any, shape: Any, axis: Any = -1) -> Any:
    return np.take_along_axis(g, indices, axis=axis)


gate(
    put_along,
    "x put at indices along axis",
    "The gradient is picked at the same places.",
    ("1", _picked_again),
    module="",
    helper=True,
)


@traceable
def running_winner(x: Any, out: Any, axis: Any = 0) -> Array:
    """The place along `axis` of the entry that a running extreme `out` of `x` stands at: whole numbers, as `x`.

    Of equal entries the first has it until a better one comes.
    """
    is_new = np.ones(x.shape, bool)
    lead = (slice(None),) * (axis % x.ndim)
    is_new[(*lead, slice(1, None))] = out[(*lead, slice(1, None))] != out[(*lead, slice(None, -1))]
    places = np.arange(x.shape[axis]).reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    return np.maximum.accumulate(np.where(is_new, places, 0), axis=axis)


gate(
    running_winner,
    "place of the running winner",
    "It only answers which: no gradient comes back through it.",
    module="",
    helper=True,
    decision=running_winner,
)


def _running(ufunc: np.ufunc, which: str) -> Any:
    run = ufunc.accumulate

    @traceable
    def running(x: Any, axis: Any = 0) -> Array:
        return run(x, axis=axis)

    gate(
        running,
        f"running {which}(x)",
        f"A running {which} is a router: each gradient goes to the entry that was the {which} there.",
        (
            f"1 for the {which} so far, else 0",
            lambda g, out, x, axis=0: put_along(g, running_winner(x, out, axis=axis), x.shape, axis=axis),
        ),
        name=f"{ufunc.__name__}.accumulate",
        decision=lambda x, axis=0: running_winner.run(x, run(x, axis=axis), axis=axis),
    )
    return running


running_max, running_min = _running(np.maximum, "maximum"), _running(np.minimum, "minimum")


@traceable
def running_lse(x: Any, axis: Any = 0) -> Array:
    """`np.logaddexp.accumulate`: the logarithm of the running sum of exp(x) along `axis`; shape of `x`."""
    return np.logaddexp.accumulate(x, axis=axis)


def _running_lse(g: Any, out: Any, x: Any, axis: Any = 0) -> Any:
    """Each entry's share of every later total, exp(x - total) <= 1: taken for all pairs, so that nothing overflows."""
    rows, totals, gradients = (np.moveaxis(each, axis, -1) for each in (x, out, g))
    # the shares of earlier totals, in which the entry is not, are taken for 0 before they are exponentiated
    share = np.exp(np.minimum(rows[..., :, None] - totals[..., None, :], 0.0))
    return np.moveaxis(np.sum(np.triu(share) * gradients[..., None, :], axis=-1), -1, axis)


gate(
    running_lse,
    "running log(sum(exp(x)))",
    "A running soft maximum hands each entry its share exp(x - out) of every later gradient.",
    ("exp(x - out), for every later out", _running_lse),
    name="logaddexp.accumulate",
)


@traceable
def lse(x: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    """`np.logaddexp.reduce`: log(sum(exp(x))) along `axis`, without overflow."""
    return np.logaddexp.reduce(x, axis=axis, keepdims=keepdims)


def _lse(g: Any, out: Any, x: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    if not keepdims and axis is not None:
        g, out = np.expand_dims(g, axis), np.expand_dims(out, axis)
    return g * np.exp(x - out)


gate(
    lse,
    "log(sum(exp(x)))",
    "A soft maximum shares its gradient out by the softmax of its inputs.",
    ("softmax(x)", _lse),
    name="logaddexp.reduce",
)


@traceable
def sums_from(x: Any, indices: Any, axis: Any = 0) -> Array:
    """`np.add.reduceat`: the sums from each place up to the next; of a place that is not before the next, its entry."""
    return np.add.reduceat(x, indices, axis=axis)


@traceable
def handed_out(g: Any, indices: Any, size: Any, axis: Any = 0) -> Array:
    """Each entry of `g` given to all that it is the sum of, along an axis of length `size`. The adjoint of reduceat."""
    shape = [size if a == axis % g.ndim else n for a, n in enumerate(g.shape)]
    x = np.moveaxis(np.zeros(shape, g.dtype), axis, 0)
    for part, start, end in zip(np.moveaxis(g, axis, 0), indices, [*indices[1:], size]):
        x[start : max(end, start + 1)] += part
    return np.moveaxis(x, 0, axis)


gate(
    sums_from,
    "sums of stretches of x",
    "A sum over a stretch hands its gradient, unchanged, to every entry it added.",
    ("1 in its stretch", lambda g, out, x, indices, axis=0: handed_out(g, indices, x.shape[axis], axis=axis)),
    name="add.reduceat",
)
gate(
    handed_out,
    "x for every entry of its stretch",
    "What was handed out is added up again.",
    ("1 for every copy", lambda g, out, x, indices, size, axis=0: sums_from(g, indices, axis=axis)),
    module="",
    helper=True,
)
