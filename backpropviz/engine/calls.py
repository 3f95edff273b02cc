"""Carries out calls of NumPy on traced values: as a gate, as a composite of gates, or by a look at the values.

A call that NumPy carries out on plain arrays is recorded, or refused by a TraceError. One that fails there fails here
with NumPy's own error.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.engine.canonical import as_given, canonical, look
from backpropviz.engine.refusals import full_name, no_option, not_like_this, unknown
from backpropviz.errors import BackpropvizError, TraceError
from backpropviz.primitives import PRIMITIVES, Primitive, along
from backpropviz.primitives.arrays import array
from backpropviz.primitives.composites import COMPOSITES, LOOKS
from backpropviz.primitives.shapes import astype

Record = Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any]
_REDUCE: dict[Any, Any] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.logical_and: np.all,
    np.logical_or: np.any,
}  # fmt: skip
_ACCUMULATE: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}
_ALONG: dict[tuple[str, Any], Any] = {
    ("accumulate", np.maximum): along.running_max,
    ("accumulate", np.minimum): along.running_min,
    ("accumulate", np.logaddexp): along.running_lse,
    ("reduce", np.logaddexp): along.lse,
}


def function(record: Record, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Carry out a call of a NumPy function that has traced values among its arguments.

    Raises:
        TraceError: NumPy can do that, but it cannot be traced. Other errors are NumPy's own.
    """
    if func is np.where and len(args) == 1:
        func = np.nonzero
    if func is np.unique and args and getattr(getattr(args[0], "node", None), "carries_gradient", False):
        raise unknown(func)  # which entries are left depends on the values
    if func in LOOKS:
        return func(*look(args), **look(kwargs))
    gate = _gate(func)
    if gate is None and func not in COMPOSITES:
        raise unknown(func)
    if func in (np.var, np.std) and kwargs.get("mean", np._NoValue) is not np._NoValue:
        from backpropviz.primitives.composites.statistics import ABOUT_A_MEAN

        return ABOUT_A_MEAN[func](*args, **kwargs)
    try:
        if gate is None:
            return _composed(func, args, kwargs)
        return record(gate, *canonical(func, args, kwargs))
    except (BackpropvizError, NotImplementedError):
        _on_plain_arrays(func, args, kwargs)
        raise
    except Exception as error:
        _on_plain_arrays(func, args, kwargs)
        raise not_like_this(full_name(func), error) from error


def ufunc(record: Record, func: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Carry out a ufunc, or one of its methods, on traced values.

    Raises:
        TraceError: as `function`.
    """
    if method != "__call__":
        return _method(record, func, method, inputs, options)
    gate = _gate(func)
    if gate is None:
        return function(record, func, inputs, options)
    try:
        operands = tuple([array(x) if type(x) in (list, tuple) else x for x in inputs])
        if not options:
            return record(gate, operands, {})
        return _with_options(record, func, gate, operands, options)
    except BackpropvizError:
        _on_plain_arrays(func, inputs, options)
        raise
    except Exception as error:
        _on_plain_arrays(func, inputs, options)
        raise not_like_this(full_name(func), error) from error


def _method(record: Record, func: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's method: `np.add.reduce`, `np.multiply.outer`."""
    if method == "reduce" and func in _REDUCE:
        return function(record, _REDUCE[func], inputs, options if len(inputs) > 1 else {"axis": 0, **options})
    if method == "accumulate" and func in _ACCUMULATE:
        if not look(inputs[0]).shape:
            func.accumulate(look(inputs[0]))  # fails
        return function(record, _ACCUMULATE[func], inputs, options if len(inputs) > 1 else {"axis": 0, **options})
    if method == "outer" and len(inputs) == 2:
        left, right = map(array, inputs)
        return ufunc(record, func, "__call__", (np.reshape(left, (*left.shape, *[1] * right.ndim)), right), options)
    if (method, func) in _ALONG:
        return _along(func, method, inputs, options)
    if method == "reduceat" and func is np.add and not options.get("dtype"):
        places = list(map(int, look(inputs[1])))
        return along.sums_from(array(inputs[0]), places, axis=inputs[2] if len(inputs) > 2 else options.get("axis", 0))
    raise TraceError(f"np.{func.__name__}.{method} cannot be traced", fix="Use np.sum, np.cumsum or a loop.")


def _with_options(record: Record, func: np.ufunc, gate: Primitive, inputs: Any, options: dict[str, Any]) -> Any:
    """With dtype= a ufunc converts its operands, with order= its result is copied; other options must not matter."""
    like = _quietly(func, inputs, options)
    dtype = options.get("dtype")
    if dtype is not None:
        inputs = [x if getattr(x, "dtype", None) == dtype else astype(array(x), dtype) for x in inputs]
    result = record(gate, tuple(inputs), {})
    value = result.node.value
    if value.dtype != like.dtype or not np.array_equal(value, like, equal_nan=value.dtype.kind in "fc"):
        raise no_option(func.__name__, next(iter(options)))
    order = options.get("order", "K")
    return result if order == "K" or value.strides == np.asarray(like).strides else np.copy(result, order=order)


def _along(func: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`np.maximum.accumulate` and its kin, with the options that they have in common."""
    known = {"axis", "keepdims"} if method == "reduce" else {"axis"}
    said = {name: value for name, value in options.items() if value is not None or name == "axis"}
    said |= dict(zip(("axis",), inputs[1:]))
    strange = next((name for name in said if name not in known), None)
    if strange is not None or len(inputs) > 2:
        raise no_option(f"{func.__name__}.{method}", strange or "these arguments")
    getattr(func, method)(*look(inputs), **look(options))  # what NumPy refuses, it refuses in its own words
    return _ALONG[method, func](array(inputs[0]), **said)


def _gate(func: Any) -> Primitive | None:
    try:
        return PRIMITIVES[func]
    except KeyError:
        from backpropviz.primitives.special import enter_scipy  # what only some code needs

        enter_scipy()
        return PRIMITIVES.get(func)


def _on_plain_arrays(func: Any, args: Any, kwargs: Any) -> None:
    """Where a call fails on plain arrays, too, that error is the function's own: let it out."""
    if kwargs.get("out") is None:
        _quietly(func, args, kwargs)


def _quietly(func: Any, args: Any, kwargs: Any) -> Any:
    """What a call returns on plain arrays; it warns when it is recorded, and need not do so twice."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return func(*look(args), **look(kwargs))


def _composed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a composite with what a call of NumPy's function says, defaults left out.

    Raises:
        TraceError: NumPy has an option there that the composite has not, or makes something else of this call.
    """
    composite, signature = COMPOSITES[func], inspect.signature(COMPOSITES[func])
    positional, named = as_given(func, args, kwargs)
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        strange = next((name for name in named if name not in signature.parameters), None)
        raise no_option(func.__name__, strange or "these arguments") from error
    result = composite(*positional, **named)
    own = func is np.apply_along_axis  # what it calls is the user's
    if not own and not _alike(look(result), _quietly(func, args, kwargs)):
        raise not_like_this(full_name(func), ValueError("it would give other values"))
    return result


def _alike(result: Any, like: Any) -> bool:
    """Whether arrays, or tuples of them, are of one kind and equal to the bit."""
    if isinstance(like, tuple | list):
        return isinstance(result, tuple | list) and len(result) == len(like) and all(map(_alike, result, like))
    result, like = np.asarray(result), np.asarray(like)
    same = result.shape == like.shape and result.dtype == like.dtype
    return same and np.array_equal(result, like, equal_nan=like.dtype.kind in "fc")
