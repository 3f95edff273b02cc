"""The methods of ndarray on traced values: most are NumPy's functions of the same name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.engine.refusals import nearest
from backpropviz.errors import TraceError
from backpropviz.primitives.shapes import flatten

_SAME = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "conj", "conjugate", "cumprod",
    "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "round", "searchsorted",
    "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
)  # fmt: skip


def _copy(a: Any, order: str = "C") -> Any:
    """`a.copy()`: unlike np.copy, it lays the entries out row by row."""
    return np.copy(a) if order in ("K", "A") or a.node.value.flags.c_contiguous else np.copy(a, order=order)  # type: ignore[call-overload]


def _clip(a: Any, min: Any = None, max: Any = None, out: Any = None, **options: Any) -> Any:
    return np.clip(a, min, max, out=out, **options)


METHODS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _SAME},
    "clip": _clip,
    "compress": lambda a, condition, axis=None, out=None: np.compress(condition, a, axis=axis, out=out),
    "copy": _copy,
    "flatten": flatten,
}
_PROPERTIES: dict[str, Callable[..., Any]] = {"real": np.real, "imag": np.imag, "flat": np.ravel}
_IN_PLACE = {"partition": "np.partition(x, kth)", "resize": "np.resize(x, shape)"}


def attribute(array: Any, name: str) -> Any:
    """An attribute of a traced value that its class does not define.

    Raises:
        AttributeError: arrays have none of that name. TraceError: they have, but it cannot be traced.
    """
    if name in METHODS:
        return functools.partial(METHODS[name], array)
    if name in ("flags", "itemsize", "nbytes", "strides"):
        return getattr(array.node.value, name)
    if name in _PROPERTIES:
        return _PROPERTIES[name](array)
    if name.startswith("__") or not hasattr(np.ndarray, name):
        raise AttributeError(f"an array has no attribute {name!r}")
    if name in _IN_PLACE:
        raise TraceError(
            f"array.{name} changes the array where it stands", fix=f"Use `{_IN_PLACE[name]}`, which gives a new one."
        )
    raise TraceError(f"array.{name} cannot be traced", fix=nearest(name, (f"x.{method}" for method in METHODS)))
