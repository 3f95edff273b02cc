"""Gates that put entries in order, or find their places: sorts, medians, quantiles, searches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable
from backpropviz.primitives.reductions import axes_of, spread


def _back_in_place(g: Any, out: Any, x: Any, axis: Any = -1) -> Any:
    """Where the k-th smallest entry stood, the gradient of the k-th smallest of `out`."""
    if axis is None:
        return np.reshape(_back_in_place(g, out, np.ravel(x), axis=0), x.shape)
    rank = np.argsort(np.argsort(x, axis=axis), axis=axis)
    return np.take_along_axis(np.take_along_axis(g, np.argsort(out, axis=axis), axis=axis), rank, axis=axis)


def _unsorted(g: Any, out: Any, x: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Any:
    if axis is None:
        return np.reshape(_unsorted(g, out, np.ravel(x), axis=0), x.shape)
    return np.take_along_axis(g, np.argsort(np.argsort(x, axis=axis), axis=axis), axis=axis)


gate(
    np.sort,
    "sort(x)",
    "A sort moves entries: each gets the gradient of the place it was moved to.",
    ("1, back in place", _unsorted),
)
gate(
    np.partition,
    "partition(x)",
    "A partition moves entries: each gets the gradient of the place it was moved to.",
    ("1, back in place", lambda g, out, x, kth, axis=-1, kind="introselect": _back_in_place(g, out, x, axis)),
)


_quantiles: Any = np.quantile


@traceable
def rank_weights(x: Any, q: Any, axis: Any = None, method: str = "linear") -> Array:
    """How much each entry of `x` counts in its q-quantile over `axis`: shape of `q`, then the shape of `x`.

    A quantile is a weighted mean of one or two of the sorted entries. Their weights are read off the quantiles of steps
    (k zeros, then ones): each step adds one weight.
    """
    axes = axes_of(axis, x.ndim)
    rows = np.moveaxis(x, axes, range(-len(axes), 0))
    flat = rows.reshape(*rows.shape[: x.ndim - len(axes)], math.prod(rows.shape[x.ndim - len(axes) :]))
    steps = np.tri(flat.shape[-1])[:, ::-1]  # row k has its last k + 1 entries one
    total = _quantiles(steps, q, axis=-1, method=method)[..., ::-1]
    weights = total - np.concatenate([total[..., 1:], np.zeros_like(total[..., :1])], axis=-1)
    ranks = np.argsort(np.argsort(flat, axis=-1), axis=-1)
    found = weights[..., ranks].reshape(*np.shape(q), *rows.shape)
    lead = np.ndim(q)
    return np.moveaxis(found, range(-len(axes), 0), [lead + a for a in axes])


gate(
    rank_weights,
    "weights by rank",
    "Ranks only choose: no gradient comes back through them.",
    module="",
    helper=True,
    decision=rank_weights,
)


def _quantile(scale: float) -> Any:
    def vjp(
        g: Any, out: Any, x: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False,
        overwrite_input: Any = False,
    ) -> Any:  # fmt: skip
        q = q if scale == 1 else q / scale if np.ndim(q) == 0 else np.asarray(_plain(q)) / scale
        weights = rank_weights(x, q, axis=axis, method=method)
        lead = np.ndim(q)
        if not keepdims:
            g = np.expand_dims(g, tuple(lead + a for a in axes_of(axis, x.ndim)))
        shared = g * weights
        return np.sum(shared, axis=tuple(range(lead))) if lead else shared

    return vjp


def _plain(value: Any) -> Any:
    return value.node.value if hasattr(value, "record") else value


def _median(g: Any, out: Any, x: Any, axis: Any = None, keepdims: Any = False, overwrite_input: Any = False) -> Any:
    return spread(g, x, _as_tuple(axis), keepdims) * rank_weights(x, 0.5, axis=_as_tuple(axis))


def _as_tuple(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


gate(
    np.median,
    "median(x)",
    "A median is a router: the gradient goes to the entry in the middle, or half and half to the two there.",
    ("1 for the middle, else 0", _median),
    decision=lambda x, axis=None, **options: rank_weights(x, 0.5, axis=axis),
)
_function: Any
for _function, _scale in ((np.quantile, 1.0), (np.percentile, 100.0)):
    gate(
        _function,
        f"{_function.__name__}(x)",
        "A quantile lies between two of the sorted entries: they share the gradient by how near it is to each.",
        ("weights of two neighbours", _quantile(_scale)),
        decision=lambda x, q, axis=None, scale=_scale, **options: rank_weights(x, np.divide(q, scale), axis=axis),
    )

_CHOICE = "It only answers which: no gradient comes back through it."
for _function in (
    np.argmax, np.argmin, np.argsort, np.argpartition, np.nanargmax, np.nanargmin, np.argwhere, np.flatnonzero,
    np.searchsorted, np.digitize, np.isin, np.lexsort,
):  # fmt: skip
    gate(_function, f"{_function.__name__}(x)", _CHOICE, decision=_function)
