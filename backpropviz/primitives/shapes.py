"""Gates that move entries without changing them: reshapes, slices, padding, joining, copying.

Their backward pass moves the gradient back along the same way; where an entry was copied, its copies' gradients add up.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from backpropviz.primitives.record import Array, gate, traceable

gate(
    np.reshape,
    "reshape(x)",
    "A reshape only renames places: the gradient is reshaped back.",
    ("1, in the old shape", lambda g, out, x, shape, order="C", copy=None: np.reshape(g, x.shape, order=order)),
)
gate(
    np.ravel,
    "ravel(x)",
    "Laying entries in one row only renames places: the gradient is reshaped back.",
    ("1, in the old shape", lambda g, out, x, order="C": np.reshape(g, x.shape, order=order)),
)


@traceable
def flatten(x: Any, order: str = "C") -> Any:
    """`x.flatten()`: a copy of `x` in one row."""
    return x.flatten(order)


gate(
    flatten,
    "x in one row",
    "Laying entries in one row only renames places: the gradient is reshaped back.",
    ("1, in the old shape", lambda g, out, x, order="C": np.reshape(g, x.shape, order=order)),
    module="",
)


def _transpose_back(g: Any, out: Any, x: Any, axes: Any = None) -> Any:
    return np.transpose(g) if axes is None else np.transpose(g, tuple(int(a) for a in np.argsort(np.mod(axes, x.ndim))))


gate(np.transpose, "x.T", "A transpose is undone by transposing the gradient back.", ("1, transposed", _transpose_back))
gate(
    np.swapaxes,
    "swapaxes(x)",
    "Swapped axes are swapped back.",
    ("1, swapped", lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2)),
)
gate(
    np.moveaxis,
    "moveaxis(x)",
    "A moved axis is moved back.",
    ("1, moved", lambda g, out, x, source, destination: np.moveaxis(g, destination, source)),
)
gate(
    np.expand_dims,
    "expand_dims(x)",
    "An axis of length one is taken out again.",
    ("1, in the old shape", lambda g, out, x, axis: np.reshape(g, x.shape)),
)
gate(
    np.squeeze,
    "squeeze(x)",
    "An axis of length one is put back.",
    ("1, in the old shape", lambda g, out, x, axis=None: np.reshape(g, x.shape)),
)
gate(
    np.broadcast_to,
    "broadcast(x)",
    "A value used many times collects the gradients of all its copies.",
    # backward.py sums over the broadcast axes, as it does for every primitive
    ("1 for every copy", lambda g, out, x, shape, subok=False: g),
    elementwise=True,
)
gate(np.flip, "flip(x)", "A flip is flipped back.", ("1, flipped", lambda g, out, x, axis=None: np.flip(g, axis=axis)))


def _roll_back(g: Any, out: Any, x: Any, shift: Any, axis: Any = None) -> Any:
    return np.roll(g, tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift, axis=axis)


gate(np.roll, "roll(x)", "A roll is rolled back.", ("1, rolled back", _roll_back))


@traceable
def identity(x: Any) -> Any:
    """The value itself, under another name."""
    return x


IDENTITY = gate(
    identity,
    "x",
    "A second name for the same value: the gradient passes unchanged.",
    ("1", lambda g, out, x: g),
    module="",
    elementwise=True,
    by_shape=True,
)


@traceable
def stop_gradient(x: Any) -> Array:
    """The value itself, held constant: no gradient goes back through it."""
    held: Array = x
    return held


gate(
    stop_gradient,
    "x",
    "The value is held constant: no gradient comes back through it.",
    module="",
    elementwise=True,
)
gate(
    np.copy,
    "copy(x)",
    "A copy passes the gradient on unchanged.",
    ("1", lambda g, out, x, order="K", subok=False: g),
    elementwise=True,
)


@traceable
def astype(x: Any, dtype: Any) -> Any:
    """`x` in another dtype."""
    return np.asarray(x).astype(dtype)


gate(
    astype,
    "x as another dtype",
    "A change of precision passes the gradient on, in the input's precision.",
    ("1", lambda g, out, x, dtype: (np.real(g) if g.dtype.kind == "c" != x.dtype.kind else g).astype(x.dtype)),
    module="",
    elementwise=True,
)


@traceable
def take(x: Any, index: Any) -> Any:
    """`x[index]`."""
    return x[index]


_PICKS_ONCE = int | np.integer | slice | None | type(Ellipsis)


@functools.cache
def _is_simple(kind: Any) -> bool:
    return issubclass(kind, _PICKS_ONCE)


def picks_once(index: Any) -> bool:
    """Whether an index can pick no entry twice: it is made of integers, slices and masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(map(_is_simple, map(type, parts))) or all(
        isinstance(p, _PICKS_ONCE) or getattr(p, "dtype", None) == np.bool for p in parts
    )


@traceable
def put(g: Any, index: Any, shape: Any, out: Any = None) -> Array:
    """Zeros of `shape` with `g` added at `index`; an entry named twice collects both. The adjoint of indexing."""
    x = np.empty(tuple(shape), g.dtype) if out is None else out
    x[...] = 0
    if picks_once(index):
        x[index] = g
    else:
        np.add.at(x, index, g)
    return x


def _take_back(g: Any, out: Any, x: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is Ellipsis or (isinstance(part, slice) and part == slice(None)) for part in parts):
        return np.reshape(g, x.shape)  # x[:, None] picks everything: it only renames places
    return put(g, index, x.shape)


TAKE = gate(
    take,
    "x[index]",
    "An index picks entries: their gradient goes back to where they came from, zero elsewhere.",
    ("1 for the picked, else 0", _take_back),
    module="",
    by_shape=True,
)
PUT = gate(
    put,
    "put at index",
    "The gradient is picked at the same index.",
    ("1", lambda g, out, x, index, shape: take(g, index)),
    module="",
    into=put.run,
    helper=True,
)


gate(
    np.triu,
    "upper triangle",
    "What was cut off gets no gradient.",
    ("1 above the diagonal", lambda g, out, x, k=0: np.triu(g, k=k)),
)
gate(
    np.tril,
    "lower triangle",
    "What was cut off gets no gradient.",
    ("1 below the diagonal", lambda g, out, x, k=0: np.tril(g, k=k)),
)
