"""Modules that are not here: everything in them fails when it is used, not before."""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import math
import sys
import sysconfig
import types
from typing import Any

import numpy as np

OLD_BUILTINS = {"xrange": range, "raw_input": input, "unicode": str, "long": int, "reduce": None}


def _expit(x: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _softmax(x: Any, axis: Any = None) -> Any:
    return np.exp(x - _logsumexp(x, axis, keepdims=True))


_STAND_INS = {
    "scipy.special.expit": _expit, "scipy.special.logsumexp": _logsumexp, "scipy.special.softmax": _softmax,
    "scipy.special.erf": np.vectorize(math.erf, otypes=[float]),
}  # fmt: skip
"""What hand-ins take from scipy, which need not be installed."""


class MissingModule(Exception):  # noqa: N818
    """Something was used that comes from a module which is not here."""


class Missing:
    """Stands for what a missing module would have given: fails when it is used, not before."""

    def __init__(self, name: str):
        object.__setattr__(self, "_name", name)

    def _fails(self, *_args: Any, **_kwargs: Any) -> Any:
        raise MissingModule(object.__getattribute__(self, "_name"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{object.__getattribute__(self, '_name')}.{name}")

    __call__ = __getitem__ = __iter__ = __len__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fails
    __truediv__ = __rtruediv__ = __matmul__ = __neg__ = __enter__ = __float__ = __int__ = __array__ = _fails


_INSTALLED = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")})


def _asked_by_a_package() -> bool:
    """Whether the import that is looked up stands in an installed module, not in a hand-in."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(_INSTALLED)


class MissingModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last in line among the finders: every module that nobody else has is made of Missing things."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if _asked_by_a_package():
            return None  # an installed package knows how to do without what it only tries to import
        self.names.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def exec_module(self, module: types.ModuleType) -> None:
        def give(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            old = OLD_BUILTINS.get(name)
            return (
                old
                or _STAND_INS.get(f"{module.__name__}.{name}")
                or getattr(builtins, name, None)
                or Missing(f"{module.__name__}.{name}")
            )

        module.__getattr__ = give  # type: ignore[method-assign]
        module.__all__ = []  # type: ignore[attr-defined]
