"""NumPy as a file meant it: names that it has no more, `newshape`, and views that stay inside of their arrays."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from backpropviz.layers.missing import OLD_NUMPY, old_numpy

_reshape_today = np.reshape
_as_strided = np.lib.stride_tricks.as_strided


def stand_in() -> None:
    """From now on NumPy has its old names, `newshape`, and an `as_strided` that is checked."""
    for name, value in old_numpy().items():
        setattr(np, name, value)
    np.reshape = _reshape
    np.lib.stride_tricks.as_strided = checked_as_strided  # type: ignore[assignment]


def renamed(tree: ast.Module) -> list[str]:
    """Notes on names that NumPy does not have any more, with those of today."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in OLD_NUMPY]
    used = {node.attr for node in attributes if getattr(node.value, "id", "") in ("np", "numpy")}
    notes = [
        f"np.{name} is not in NumPy any more, today it is {OLD_NUMPY[name]}: read as it was meant"
        for name in sorted(used) if not _has(name)
    ]  # fmt: skip
    reshapes = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "newshape"]
    if reshapes:
        notes.append("np.reshape(newshape=...) is shape=... in NumPy today: read as it was meant")
    return notes


def _has(name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(np, name)


def _reshape(a: Any, shape: Any = None, order: Any = "C", *, newshape: Any = None, **options: Any) -> Any:
    """`np.reshape`, which called its shape `newshape` once."""
    return _reshape_today(a, shape if newshape is None else newshape, order, **options)


def checked_as_strided(x: Any, shape: Any = None, strides: Any = None, **options: Any) -> Any:
    """`as_strided` that stays inside the array: outside of it there is other memory, or none.

    Raises:
        ValueError: some entry of the view would lie outside.
    """
    view = _as_strided(x, shape, strides, **options)
    owner = x
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    lowest, highest = byte_bounds(view)
    first, last = byte_bounds(owner)
    if view.size and (lowest < first or highest > last):
        raise ValueError(f"as_strided: shape {view.shape} with strides {view.strides} reads outside of the array")
    return view
