"""Arrays out of traced values: what np.array and its kin make of them, which NumPy's protocols do not dispatch."""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinMethodType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from backpropviz.primitives.shapes import astype


def is_traced(value: Any) -> bool:
    return hasattr(value, "record") and hasattr(value, "node")


def holds_traced(value: Any) -> bool:
    """Whether a value is traced, or a list or tuple with one in it, however deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) in (list, tuple):
            waiting.extend(item)
        elif is_traced(item):
            return True
    return False


def array(value: Any) -> Any:
    """`value` as an array: a traced one is itself, a list with traced values in it is stacked, level by level.

    Raises:
        ValueError: as np.array does, for parts of different shapes.
    """
    if is_traced(value) or isinstance(value, np.ndarray):
        return value
    if type(value) in (list, tuple) and holds_traced(value):
        rows: Any = np.stack([array(item) for item in value])
        return rows if rows.node.value.flags.c_contiguous else np.copy(rows, order="C")
    return np.asarray(value)


def _array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: Any = False, ndmin: int = 0,
    ndmax: int = 0, like: Any = None,
) -> Any:  # fmt: skip
    made = _as_array(object, dtype, order)
    if ndmin > made.ndim:
        made = np.reshape(made, (1,) * (ndmin - made.ndim) + tuple(made.shape))
    own = not is_traced(object) or made.dtype != object.dtype
    return made if own or not copy else np.copy(made, order="K" if order is None else order)


def of_one_kind(values: Any) -> list[Any]:
    """Arrays of the dtype that NumPy finds for them together: plain numbers adapt to the others."""
    kind = np.result_type(*[v if type(v) in (int, float, complex) else array(v).dtype for v in values])
    arrays = [array(value) for value in values]
    return [x if x.dtype == kind else astype(x, kind) for x in arrays]


def _as_array(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None, like: Any = None
) -> Any:
    made = array(a)
    if dtype is not None and np.dtype(dtype) != made.dtype:
        made = astype(made, dtype)
    flags = made.node.value.flags
    fits = flags.c_contiguous if order == "C" else flags.f_contiguous if order == "F" else True
    return np.copy(made, order=order or "K") if copy or not fits else made


def _as_laid_out(order: str) -> Any:
    def make(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
        made = _as_array(a, dtype, order)
        return made if made.ndim else np.reshape(made, (1,))

    return make


def _full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    filling = array(fill_value)
    filling = filling if dtype is None else astype(filling, dtype)
    return np.copy(np.broadcast_to(filling, shape), order=order)  # type: ignore[call-overload]


def _as_strided(x: Any, shape: Any = None, strides: Any = None, subok: bool = False, writeable: bool = True) -> Any:
    """The entries of the view, looked up by how far they lie from the first one.

    Raises:
        ValueError: some would lie outside of the array. NotImplementedError: x does not lie in memory in one piece.
    """
    value = array(x).node.value
    if not value.flags.c_contiguous:
        raise NotImplementedError(
            "as_strided of an array that lies in memory in pieces; np.ascontiguousarray joins them"
        )
    lengths = value.shape if shape is None else tuple(map(int, np.atleast_1d(shape)))
    steps = [int(step) // value.itemsize for step in (value.strides if strides is None else strides)]
    at = np.zeros(lengths, dtype=int)
    for axis, (length, step) in enumerate(zip(lengths, steps)):
        at += (step * np.arange(length)).reshape((-1,) + (1,) * (len(lengths) - axis - 1))
    if at.size and not 0 <= at.min() <= at.max() < value.size:
        raise ValueError(f"as_strided: shape {lengths} with strides {tuple(strides)} reads outside of the array")
    return np.ravel(array(x))[at]


_MAKERS: dict[Any, Callable[..., Any]] = {
    as_strided: _as_strided,
    np.array: _array,
    np.asarray: _as_array,
    np.asanyarray: _as_array,
    np.asarray_chkfinite: lambda a, dtype=None, order=None: _as_array(a, dtype, order),
    np.ascontiguousarray: _as_laid_out("C"),
    np.asfortranarray: _as_laid_out("F"),
    np.require: lambda a, dtype=None, requirements=None, *, like=None: _as_array(a, dtype),
    np.full: _full,
    np.fromiter: lambda iter, dtype, count=-1: _as_array(list(iter)[: None if count < 0 else count], dtype),
}


def _through_protocol(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a NumPy function as its protocol would, had it looked into the lists."""
    owner = getattr(function, "__self__", None)
    if isinstance(function, np.ufunc) or isinstance(owner, np.ufunc):
        if any(map(is_traced, args)):
            return function(*args, **kwargs)  # it asks
        return function(*[array(arg) if holds_traced(arg) else arg for arg in args], **kwargs)
    waiting = [*args, *kwargs.values()]
    while not is_traced(waiting[0]):
        item = waiting.pop(0)
        waiting.extend(item if type(item) in (list, tuple) else ())
    return waiting[0].__array_function__(function, (), args, kwargs)


def _entry_by_entry(function: Any) -> Callable[..., Any]:
    """A call of np.vectorize: its function, on every entry."""

    def call(*args: Any) -> Any:
        shape = np.broadcast_shapes(*map(np.shape, args))
        lines = [np.ravel(np.broadcast_to(array(arg), shape)) for arg in args]
        made = array([function.pyfunc(*[line[i] for line in lines]) for i in range(lines[0].size)])
        return np.reshape(made, shape) if function.otypes is None else astype(np.reshape(made, shape), function.otypes)

    return call


def asks(function: Any) -> bool:
    """Whether NumPy leaves a call of a function to a traced value that it is called with."""
    return isinstance(function, type(np.sum)) and function not in _MAKERS


def substitute(function: Any) -> Callable[..., Any] | None:
    """What stands for a function where NumPy does not ask traced values; None for a function that needs nothing.

    The result is to be called only where an argument holds traced values.
    """
    if function is np.ndenumerate:
        return lambda arr: ((place, arr[place]) for place in np.ndindex(tuple(arr.shape)))
    if isinstance(function, type):
        return (lambda value=0.0: astype(array(value), function)) if issubclass(function, np.generic) else None
    if isinstance(function, np.vectorize) and function.signature is None:
        return _entry_by_entry(function)
    try:
        maker = _MAKERS.get(function)
    except TypeError:  # no key of a table
        return None
    if maker is not None:
        return maker
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ndarray) and isinstance(function, BuiltinMethodType):  # `weights.dot(x)` of a plain array
        of_numpy = getattr(np, function.__name__, None)
        return None if of_numpy is None else lambda *args, **kwargs: of_numpy(owner, *args, **kwargs)
    module = getattr(function, "__module__", None) or ""
    ours = isinstance(function, np.ufunc) or isinstance(owner, np.ufunc)
    if ours or isinstance(function, type(np.sum)) or module.startswith("scipy."):
        return lambda *args, **kwargs: _through_protocol(function, args, kwargs)
    return None


def with_index_trick(container: Any, index: Any) -> Any:
    """np.c_[x, y] and np.r_[x, y] of traced values.

    Raises:
        NotImplementedError: a string says how to join.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(item, str) for item in items):
        raise NotImplementedError("np.r_ with a string; join with np.concatenate and np.reshape")
    items = [container[item] if isinstance(item, slice) else item for item in items]
    parts = of_one_kind(items)
    if container is np.c_:
        return np.concatenate([x if x.ndim > 1 else np.reshape(x, (-1, 1)) for x in parts], axis=-1)
    return np.concatenate([x if x.ndim else np.reshape(x, (1,)) for x in parts])
