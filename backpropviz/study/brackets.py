"""What decides by numbers, written for all numbers: the largest as max(a, b), and a condition as Iverson's bracket.

[a > 0] is 1 where it holds and 0 where it does not (Iverson 1962; Knuth, "Two notes on notation", 1992). So the
gradient of max(0, a) is d*[a > 0], whatever a is. Ties read as in the code: the first of equal entries wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backpropviz.primitives.record import PRIMITIVES, Primitive
from backpropviz.primitives.reductions import first_winner

Run = Callable[..., Any]


def rules(sympy: Any, tidy: Callable[[Any], Any]) -> dict[Primitive, Run]:
    """For each primitive that decides, and can be written so: how it runs on arrays of symbols.

    Args:
        tidy: how a formula within a bracket is written.
    """

    def bracket(symbol: str) -> Run:
        def hold(x: Any, y: Any) -> Any:
            x, y = sympy.sympify(x), sympy.sympify(y)
            if x == y:
                return int(_COMPARE[symbol](0, 0))
            if not (x.free_symbols or y.free_symbols):
                return int(bool(_COMPARE[symbol](x, y)))
            return sympy.Symbol(f"[{tidy(x)} {symbol} {tidy(y)}]", real=True)

        return hold

    def extreme(word: str) -> Run:
        chosen = sympy.Function(word)

        def choose(*entries: Any) -> Any:
            entries = tuple(dict.fromkeys(map(sympy.sympify, entries)))
            if not any(entry.free_symbols for entry in entries):
                return max(entries) if word == "max" else min(entries)
            return entries[0] if len(entries) == 1 else chosen(*entries)

        return choose

    def over_axes(word: str) -> Run:
        choose = extreme(word)

        def reduce(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None) -> Any:
            outside = () if initial is None else (initial,)
            result = np.empty(np.sum(np.zeros(x.shape), axis=axis, keepdims=True).shape, dtype=object)
            for place, entries in _slices(x, result.shape):
                result[place] = choose(*entries, *outside)
            return result if keepdims else np.squeeze(result, axis=axis)

        return reduce

    equal = bracket("==")

    def winners(x: Any, winner: Any, axis: Any = None, keepdims: Any = False) -> Any:
        kept = winner if keepdims or axis is None else np.expand_dims(winner, axis)
        return np.frompyfunc(equal, 2, 1)(x, np.broadcast_to(kept, x.shape))

    def clip(x: Any, low: Any = None, high: Any = None) -> Any:
        x = x if low is None else extreme("max")(x, low)
        return x if high is None else extreme("min")(x, high)

    entrywise: dict[Any, tuple[Run, int]] = {
        np.maximum: (extreme("max"), 2), np.fmax: (extreme("max"), 2), np.minimum: (extreme("min"), 2),
        np.fmin: (extreme("min"), 2), np.absolute: (sympy.Function("abs"), 1), np.fabs: (sympy.Function("abs"), 1),
        np.sign: (sympy.Function("sign"), 1), np.where: (lambda c, x, y: c * x + (1 - c) * y, 3), np.clip: (clip, 3),
        np.bitwise_and: (lambda x, y: x * y, 2), np.logical_and: (lambda x, y: x * y, 2),
        np.bitwise_or: (lambda x, y: x + y - x * y, 2), np.logical_or: (lambda x, y: x + y - x * y, 2),
        np.invert: (lambda x: 1 - x, 1), np.logical_not: (lambda x: 1 - x, 1),
        np.greater: (bracket(">"), 2), np.greater_equal: (bracket(">="), 2), np.less: (bracket("<"), 2),
        np.less_equal: (bracket("<="), 2), np.equal: (equal, 2), np.not_equal: (bracket("!="), 2),
    }  # fmt: skip
    whole = {np.max: over_axes("max"), np.min: over_axes("min"), first_winner: winners}
    return {
        **{PRIMITIVES[key]: _each(run, operands) for key, (run, operands) in entrywise.items()},
        **{PRIMITIVES[key]: run for key, run in whole.items()},
    }


_COMPARE: dict[str, Run] = {
    ">": lambda x, y: x > y, ">=": lambda x, y: x >= y, "<": lambda x, y: x < y, "<=": lambda x, y: x <= y,
    "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip


def _each(run: Run, operands: int) -> Run:
    """An operation on entries, on arrays; an operand that is None is none."""

    def on_arrays(*args: Any, **named: Any) -> Any:
        args = (*args, *named.values())
        there = [i for i, arg in enumerate(args) if arg is not None]

        def on_entries(*entries: Any) -> Any:
            full: list[Any] = [None] * len(args)
            for i, entry in zip(there, entries):
                full[i] = int(entry) if isinstance(entry, bool | np.bool_) else entry
            return run(*full)

        return np.asarray(np.frompyfunc(on_entries, len(there), 1)(*(args[i] for i in there)), dtype=object)

    return on_arrays


def _slices(x: Any, kept: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], list[Any]]]:
    """For every place of a reduction, whose reduced axes have length 1, the entries that meet there, in order."""
    for place in np.ndindex(kept):
        window = tuple(slice(i, i + 1) if x.shape[axis] == kept[axis] else slice(None) for axis, i in enumerate(place))
        yield place, list(x[window].ravel())
