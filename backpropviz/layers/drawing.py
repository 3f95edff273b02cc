"""Stands in for objects: what indices are drawn from (`dataset.sampleTokenIdx()`), and what values are kept on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

_BELOW = 3  # no made-up axis is shorter


class Draws:
    """Its one method gives 1, 2, 0, 1, ...: a copy begins anew, so that a run can be repeated exactly."""

    def __init__(self, method: str):
        self.method, self.drawn = method, 0

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name.startswith("_") or name != self.method:
            raise AttributeError(f"what was made up to draw from has no {name}")
        return self._next

    def _next(self, *_: Any) -> int:
        self.drawn += 1
        return self.drawn % _BELOW

    def __repr__(self) -> str:
        return f"__draws__({self.method!r})"

    def __deepcopy__(self, memo: Any) -> Draws:
        return Draws(self.method)


class Keeps(SimpleNamespace):
    """What a forward pass keeps for the backward pass is kept on it: `ctx.save_for_backward(x)`, `ctx.x = x`."""

    saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *values: Any) -> None:
        self.saved_tensors = values

    def __repr__(self) -> str:
        return "__keeps__()"
