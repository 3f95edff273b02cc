"""Gates that work entry by entry: arithmetic, powers, exponentials, trigonometry, and those with kinks."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from backpropviz.primitives.record import gate, minus

gate(
    np.add,
    "x + y",
    "An add gate distributes: it passes the gradient on, unchanged, to both inputs.",
    ("1", lambda g, out, x, y: g),
    ("1", lambda g, out, x, y: g),
    infix="+",
)
gate(
    np.subtract,
    "x - y",
    "A subtract gate passes the gradient on to the first input and its negative to the second.",
    ("1", lambda g, out, x, y: g),
    minus("-1", lambda g, out, x, y: g),
    infix="-",
)
gate(
    np.multiply,
    "x * y",
    "A multiply gate swaps its inputs: each gets the gradient times the other.",
    ("y", lambda g, out, x, y: g * y),
    ("x", lambda g, out, x, y: g * x),
    infix="*",
)
gate(
    np.divide,
    "x / y",
    "A divide gate hands the top the gradient over y, and the bottom that times minus its output.",
    ("1 / y", lambda g, out, x, y: g / y),
    minus("-x / y**2", lambda g, out, x, y: g * out / y),
    infix="/",
)
gate(np.negative, "-x", "A minus sign flips the gradient's sign.", ("-1", lambda g, out, x: -g), infix="-")
gate(np.positive, "+x", "A plus sign changes nothing.", ("1", lambda g, out, x: g), infix="+")


def _power_base(g: Any, out: Any, x: Any, exponent: Any) -> Any:
    """p * x**(p - 1), with the powers that have simpler names written by those."""
    if not isinstance(exponent, int | float | np.number):
        # where the exponent is 0 so is the derivative, also at x = 0
        return g * (exponent * x ** np.where(exponent == 0, 1, exponent - 1))
    if exponent == 2:
        return g * (2 * x)
    if exponent == 0.5:
        return g / (2 * out)
    if exponent == 1:
        return g
    return g * (exponent * x ** (exponent - 1)) if exponent != 0 else 0 * g


def _power(x: Any, exponent: Any) -> Any:
    # NumPy hands out single numbers as scalars, and raises those by a routine of their own: x[()] is that scalar.
    return operator.pow(*(v[()] if isinstance(v, np.ndarray) else v for v in (x, exponent)))


def _power_into(x: Any, exponent: Any, out: Any) -> None:
    # ndarray ** 2 is a square, not a general power: the same bits, and many times faster.
    shortcut = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}
    if out.ndim == 0:
        out[...] = _power(x, exponent)
    elif type(exponent) in (int, float) and exponent in shortcut and x.dtype.kind == "f":
        shortcut[exponent](x, out=out)
    else:
        np.power(x, exponent, out=out)


_function: Any
for _function, _also, _into in ((_power, (operator.pow,), _power_into), (np.power, (), np.power)):
    gate(
        _function,
        "x ** y",
        "A power gate brings the exponent down and lowers it by one.",
        ("y * x**(y - 1)", _power_base),
        ("x**y * log(x)", lambda g, out, x, y: g * (out * np.log(np.where(x > 0, x, 1.0)))),
        also=_also,
        name="power",
        infix="**",
        into=_into,
        elementwise=True,
    )
gate(np.square, "x**2", "A square gate multiplies by twice its input.", ("2 * x", lambda g, out, x: g * (2 * x)))
gate(
    np.sqrt,
    "sqrt(x)",
    "A square root divides the gradient by twice its output.",
    ("1 / (2 * sqrt(x))", lambda g, out, x: g / (2 * out)),
)
gate(
    np.cbrt,
    "cbrt(x)",
    "A cube root divides by three times its output squared.",
    ("1 / (3 * cbrt(x)**2)", lambda g, out, x: g / (3 * out**2)),
)
gate(
    np.reciprocal,
    "1 / x",
    "An inverse multiplies by minus its output squared.",
    ("-1 / x**2", lambda g, out, x: -g * out**2),
)
gate(
    np.exp, "exp(x)", "An exponential multiplies the gradient by its own output.", ("exp(x)", lambda g, out, x: g * out)
)
gate(
    np.exp2,
    "2**x",
    "A power of two multiplies by its own output and log 2.",
    ("2**x * log(2)", lambda g, out, x: g * (out * math.log(2))),
)
gate(np.expm1, "exp(x) - 1", "The derivative of exp(x) - 1 is exp(x).", ("exp(x)", lambda g, out, x: g * (out + 1)))
gate(np.log, "log(x)", "A logarithm divides the gradient by its input.", ("1 / x", lambda g, out, x: g / x))
gate(
    np.log2,
    "log2(x)",
    "A logarithm divides the gradient by its input, and by log 2.",
    ("1 / (x * log(2))", lambda g, out, x: g / (x * math.log(2))),
)
gate(
    np.log10,
    "log10(x)",
    "A logarithm divides the gradient by its input, and by log 10.",
    ("1 / (x * log(10))", lambda g, out, x: g / (x * math.log(10))),
)
gate(
    np.log1p, "log(1 + x)", "log(1 + x) divides the gradient by 1 + x.", ("1 / (1 + x)", lambda g, out, x: g / (1 + x))
)
gate(
    np.logaddexp,
    "log(exp(x) + exp(y))",
    "A soft maximum shares the gradient between its inputs by their softmax.",
    ("exp(x - out)", lambda g, out, x, y: g * np.exp(x - out)),
    ("exp(y - out)", lambda g, out, x, y: g * np.exp(y - out)),
)
gate(np.sin, "sin(x)", "The derivative of sine is cosine.", ("cos(x)", lambda g, out, x: g * np.cos(x)))
gate(np.cos, "cos(x)", "The derivative of cosine is minus sine.", ("-sin(x)", lambda g, out, x: -g * np.sin(x)))
gate(
    np.tan,
    "tan(x)",
    "The derivative of the tangent is one plus its square.",
    ("1 + tan(x)**2", lambda g, out, x: g * (1 + out**2)),
)
gate(
    np.arcsin,
    "arcsin(x)",
    "The arc sine divides by sqrt(1 - x**2).",
    ("1 / sqrt(1 - x**2)", lambda g, out, x: g / np.sqrt(1 - x**2)),
)
gate(
    np.arccos,
    "arccos(x)",
    "The arc cosine divides by -sqrt(1 - x**2).",
    ("-1 / sqrt(1 - x**2)", lambda g, out, x: -g / np.sqrt(1 - x**2)),
)
gate(
    np.arctan, "arctan(x)", "The arc tangent divides by 1 + x**2.", ("1 / (1 + x**2)", lambda g, out, x: g / (1 + x**2))
)
gate(np.sinh, "sinh(x)", "The derivative of sinh is cosh.", ("cosh(x)", lambda g, out, x: g * np.cosh(x)))
gate(np.cosh, "cosh(x)", "The derivative of cosh is sinh.", ("sinh(x)", lambda g, out, x: g * np.sinh(x)))
gate(
    np.tanh,
    "tanh(x)",
    "A tanh multiplies by one minus its output squared: it passes little where it saturates.",
    ("1 - tanh(x)**2", lambda g, out, x: g * (1 - out**2)),
)
gate(
    np.arcsinh,
    "arcsinh(x)",
    "The inverse of sinh divides by sqrt(1 + x**2).",
    ("1 / sqrt(1 + x**2)", lambda g, out, x: g / np.sqrt(1 + x**2)),
)
gate(
    np.arccosh,
    "arccosh(x)",
    "The inverse of cosh divides by sqrt(x**2 - 1).",
    ("1 / sqrt(x**2 - 1)", lambda g, out, x: g / np.sqrt(x**2 - 1)),
)
gate(
    np.arctanh,
    "arctanh(x)",
    "The inverse of tanh divides by 1 - x**2.",
    ("1 / (1 - x**2)", lambda g, out, x: g / (1 - x**2)),
)
gate(
    np.arctan2,
    "angle(y, x)",
    "An angle turns by each side's share: the other side over the squared distance.",
    ("y / (x**2 + y**2)", lambda g, out, x, y: g * (y / (x**2 + y**2))),
    minus("-x / (x**2 + y**2)", lambda g, out, x, y: g * (x / (x**2 + y**2))),
    # crossing the half line where it jumps from -pi to pi
    decision=lambda x, y: (y < 0) & (x < 0),
)
gate(
    np.hypot,
    "sqrt(x**2 + y**2)",
    "A hypotenuse hands each side its share x/out, y/out.",
    ("x / out", lambda g, out, x, y: g * x / out),
    ("y / out", lambda g, out, x, y: g * y / out),
)

# Gates with a kink: each says which branch an entry takes, so that a numerical check knows when it stepped across.
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
for _function in (np.absolute, np.fabs):
    gate(
        _function,
        "|x|",
        "An absolute value passes the gradient with the sign of its input.",
        ("sign(x)", lambda g, out, x: g * np.sign(x)),
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
    inside: Any = True if low is None else x > low
    return inside if high is None else inside & (x < high)


gate(
    np.clip,
    "clip(x, low, high)",
    "A clip passes the gradient inside the bounds and stops it outside.",
    ("1 inside, 0 outside", lambda g, out, x, low=None, high=None: g * _between(x, low, high)),
    ("1 where x <= low", lambda g, out, x, low, high=None: g * (x <= low)),
    ("1 where x >= high", lambda g, out, x, low, high: g * (x >= high)),
    decision=lambda x, low=None, high=None: _between(x, low, high),
    into=np.clip,
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
):
    gate(_function, f"{_function.__name__}(x)", _FLAT, decision=_function)
