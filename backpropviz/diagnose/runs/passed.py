"""What a forward pass has left behind, so that a backward pass can be run from there as often as one likes."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs.outcomes import Cell
from backpropviz.diagnose.student.program import Program

_PLAIN = (int, float, bool, str, type(None), np.bool_, np.integer, np.floating)


@dataclass(frozen=True)
class Passed:
    """A forward pass that has run.

    Attributes:
        right: what is right for what it gave. cells: what was checked of it. rounds: the work that it took.
        arrays: its inputs. cache: what it keeps for the backward pass, which may hold the same arrays.
    """

    right: Reference
    cells: dict[str, Cell]
    arrays: dict[str, Any]
    cache: Any
    rounds: int = 0

    def again(self) -> Passed:
        """The same in arrays of its own: a backward pass may change what it is given."""
        arrays, cache = copy.deepcopy((self.arrays, self.cache))  # together: what is in both is so again
        return replace(self, arrays=arrays, cache=cache)

    @property
    def is_plain(self) -> bool:
        """A copy of it is as good as itself: it is made of arrays and numbers."""
        return _is_plain(self.cache)


def _is_plain(value: Any) -> bool:
    if type(value) is dict:
        return all(map(_is_plain, [*value, *value.values()]))
    if type(value) in (tuple, list):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN) or (type(value) is np.ndarray and value.dtype.kind in "fiub")


def is_behind(program: Program, pair: Pair, function: str) -> bool:
    """A function runs behind the forward pass only, and nothing reaches the backward pass but what it is given."""
    if pair.backward is None or pair.layer.is_loss or pair.forward in program.student.wrapped:
        return False
    if function in {pair.forward, *program.called_by(pair.forward)} or function not in program.definitions:
        return False
    nodes = [
        n for name in (pair.backward, *program.called_by(pair.backward)) for n in ast.walk(program.definitions[name])
    ]
    return not any(isinstance(n, ast.Global) or getattr(n, "attr", "") == "random" for n in nodes)
