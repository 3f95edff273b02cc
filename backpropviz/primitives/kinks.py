"""Gates that work entry by entry and have kinks or steps: extremes, absolute values, switches, clips, comparisons.

Each gate with a kink says which branch an entry takes, so that a numerical check knows when it stepped across.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import gate, minus, traceable

_function: Any
_ROUTES = "A {} gate is a router: the gradient goes to the input that won, and the other gets none."


def _wins(winner: np.ufunc, or_ties: np.ufunc) -> Any:
    """VJPs of maximum and minimum. Against a constant a tie passes nothing (the usual relu'(0) = 0)."""

    def first(g: Any, out: Any, x: Any, y: Any) -> Any:
        return g * winner(x, y)

    def second(g: Any, out: Any, x: Any, y: Any) -> Any:
        # exactly one winner when both sides carry a gradient: the second takes the ties
        return g * (or_ties(y, x) if hasattr(x, "node") else winner(y, x))

    return first, second


for _function, _word, _winner, _or_ties, _sign in (
    (np.maximum, "max", np.greater, np.greater_equal, ">"),
    (np.minimum, "min", np.less, np.less_equal, "<"),
    (np.fmax, "max", np.greater, np.greater_equal, ">"),
    (np.fmin, "min", np.less, np.less_equal, "<"),
):
    _first, _second = _wins(_winner, _or_ties)
    gate(
        _function,
        f"{_word}(x, y)",
        _ROUTES.format(_word),
        (f"1 where x {_sign} y, else 0", _first),
        (f"1 where y {_sign} x, else 0", _second),
        decision=_winner,
    )


def _direction(x: Any, out: Any) -> Any:
    return np.conjugate(x) / out if x.dtype.kind == "c" else np.sign(x)


for _function in (np.absolute, np.fabs):
    gate(
        _function,
        "|x|",
        "An absolute value passes the gradient with the sign of its input.",
        ("sign(x)", lambda g, out, x: g * _direction(x, out)),
        decision=np.sign,
    )
gate(
    np.where,
    "y where x, else z",
    "A switch sends the gradient to the branch that was chosen, entry by entry.",
    None,
    ("1 where chosen, else 0", lambda g, out, c, x, y: np.where(c, g, 0.0)),
    ("1 where not chosen, else 0", lambda g, out, c, x, y: np.where(c, 0.0, g)),
    decision=lambda c, x, y: c,
    elementwise=True,
)


def _between(x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return x < high
    return x > low if high is None else (x > low) & (x < high)


def _clipped(g: Any, out: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    return g if low is None and high is None else g * _between(x, low, high)


def _low(g: Any, out: Any, x: Any, low: Any, high: Any = None) -> Any:
    # where the bounds cross, the upper one holds
    return g * (x <= low if high is None else (x <= low) & (low < high))


def _high(g: Any, out: Any, x: Any, low: Any, high: Any) -> Any:
    return g * (x >= high if low is None else np.maximum(x, low) >= high)


gate(
    np.clip,
    "clip(x, low, high)",
    "A clip passes the gradient inside the bounds and stops it outside.",
    ("1 inside, 0 outside", _clipped),
    ("1 where x <= low", _low),
    ("1 where x >= high", _high),
    decision=lambda x, low=None, high=None: np.add(
        x > (-np.inf if low is None else low), x >= (np.inf if high is None else high), dtype=int
    ),
    into=np.clip,
    elementwise=True,
)
gate(
    np.nan_to_num,
    "x, or a number for nan",
    "What was a number passes the gradient on; what was replaced gets none.",
    ("1 where x is finite, else 0", lambda g, out, x, **options: g * np.isfinite(x)),
    decision=lambda x, **options: np.isfinite(x),
    elementwise=True,
)
gate(
    np.remainder,
    "x % y",
    "A remainder passes the gradient to the first input, and to the second minus how often it fits.",
    ("1", lambda g, out, x, y: g),
    minus("-floor(x / y)", lambda g, out, x, y: g * np.floor(x / y)),
    infix="%",
    decision=np.floor_divide,
)

gate(
    np.fmod,
    "x - y * trunc(x / y)",
    "A remainder passes the gradient to the first input, and to the second minus how often it fits.",
    ("1", lambda g, out, x, y: g),
    minus("-trunc(x / y)", lambda g, out, x, y: g * np.trunc(x / y)),
    decision=lambda x, y: np.trunc(np.divide(x, y)),
)


@traceable
def fraction(x: Any) -> Any:
    """What stands behind the point: the first result of np.modf."""
    return np.modf(x)[0]


@traceable
def whole(x: Any) -> Any:
    """What stands before the point: the second result of np.modf."""
    return np.modf(x)[1]


gate(
    fraction,
    "x - trunc(x)",
    "What stands behind the point passes the gradient on.",
    ("1", lambda g, out, x: g),
    decision=np.trunc,
    name="modf",
    suffix="[0]",
    elementwise=True,
)
gate(
    whole,
    "trunc(x)",
    "Flat almost everywhere: no gradient comes back through it.",
    decision=np.trunc,
    name="modf",
    suffix="[1]",
    elementwise=True,
)
gate(
    np.copysign,
    "|x| with the sign of y",
    "A size with another's sign passes the gradient on, turned round where the signs differ.",
    ("sign(x) * sign(y)", lambda g, out, x, y: g * (np.copysign(1.0, x) * np.copysign(1.0, y))),
    None,
    decision=lambda x, y: np.signbit(x) ^ np.signbit(y),
)
gate(
    np.heaviside,
    "step(x), y at 0",
    "A step is flat: only its value at 0 gets a gradient.",
    None,
    ("1 where x is 0, else 0", lambda g, out, x, y: g * (np.equal(x, 0))),
    decision=np.sign,
)

# Gates no gradient comes back through: they choose and compare, or are flat almost everywhere.
_FLAT = "Flat almost everywhere: no gradient comes back through it."
for _function, _symbol in (
    (np.greater, ">"),
    (np.greater_equal, ">="),
    (np.less, "<"),
    (np.less_equal, "<="),
    (np.equal, "=="),
    (np.not_equal, "!="),
    (np.bitwise_and, "&"),
    (np.bitwise_or, "|"),
    (np.bitwise_xor, "^"),
    (np.floor_divide, "//"),
    (np.left_shift, "<<"),
    (np.right_shift, ">>"),
):
    gate(_function, f"x {_symbol} y", _FLAT, infix=_symbol, decision=_function)
for _function in (
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.logical_not,
    np.isfinite,
    np.isnan,
    np.isinf,
    np.invert,
    np.sign,
    np.floor,
    np.ceil,
    np.rint,
    np.trunc,
    np.round,
    np.around,
    np.fix,
    np.signbit,
    np.isposinf,
    np.isneginf,
    np.isreal,
    np.iscomplex,
    np.gcd,
    np.lcm,
    np.bitwise_count,
):
    gate(_function, f"{_function.__name__}(x)", _FLAT, decision=_function)
