"""Numbers that are given from Python: which of them are inputs, and which of these are taken as floats."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.engine.holders import Flat, defaults


def numbers(function: FunctionType | Flat, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that a function without arrays is of: what its parameters without defaults are given."""
    usual = defaults(function)
    return {name: v for name, v in arguments.items() if type(v) in (int, float) and name not in usual}


def in_floats(function: Any, arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as floats where no array of floats is there to get a gradient, each that the function takes as one."""
    found = {name: np.asarray(value) for name, value in inputs.items()}
    if any(array.dtype.kind not in "iu" for array in found.values() if array.ndim):
        return {}
    from backpropviz.layers.running import runs  # what only some functions need

    taken: dict[str, Any] = {}
    for name, array in found.items():
        with contextlib.suppress(Exception, SystemExit):  # labels stay whole
            runs(function, {**arguments, **taken, name: array.astype(float)})
            taken[name] = array.astype(float)
    return taken


def taken_as_floats(name: str) -> str:
    """The note on an input of whole numbers."""
    return f"{name} holds whole numbers, taken as floats: it gets a gradient"
