"""Gates that work entry by entry and are smooth: arithmetic, powers, exponentials, trigonometry."""

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
    by_shape=True,
)
gate(
    np.subtract,
    "x - y",
    "A subtract gate passes the gradient on to the first input and its negative to the second.",
    ("1", lambda g, out, x, y: g),
    minus("-1", lambda g, out, x, y: g),
    infix="-",
    by_shape=True,
)
gate(
    np.multiply,
    "x * y",
    "A multiply gate swaps its inputs: each gets the gradient times the other.",
    ("y", lambda g, out, x, y: g * y),
    ("x", lambda g, out, x, y: g * x),
    infix="*",
    by_shape=True,
)
gate(
    np.divide,
    "x / y",
    "A divide gate hands the top the gradient over y, and the bottom that times minus its output.",
    ("1 / y", lambda g, out, x, y: g / y),
    minus("-x / y**2", lambda g, out, x, y: g * out / y),
    infix="/",
    by_shape=True,
)
gate(np.negative, "-x", "A minus sign flips the gradient's sign.", ("-1", lambda g, out, x: -g), infix="-")
gate(np.positive, "+x", "A plus sign changes nothing.", ("1", lambda g, out, x: g), infix="+")


def _power_base(g: Any, out: Any, x: Any, exponent: Any) -> Any:
    """p * x**(p - 1), with the powers that have simpler names written by those."""
    if not isinstance(exponent, int | float | np.number):
        # where the exponent is 0 so is the derivative, also at x = 0
        return g * (exponent * x ** np.where(exponent == 0, 1, exponent - 1))
    if type(exponent) in (int, float):  # a setting stays what it is called, since it may be another number
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
for _function, _also, _into in (
    (_power, (operator.pow,), _power_into),
    (np.power, (), np.power),
    (np.float_power, (), np.float_power),
):
    gate(
        _function,
        "x ** y",
        "A power gate brings the exponent down and lowers it by one.",
        ("y * x**(y - 1)", _power_base),
        ("x**y * log(x)", lambda g, out, x, y: g * (out * np.log(np.where(x > 0, x, 1.0)))),
        also=_also,
        name="float_power" if _function is np.float_power else "power",
        infix="" if _function is np.float_power else "**",
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
gate(
    np.logaddexp2,
    "log2(2**x + 2**y)",
    "A soft maximum to base two shares the gradient between its inputs by their share of the sum.",
    ("2**(x - out)", lambda g, out, x, y: g * np.exp2(x - out)),
    ("2**(y - out)", lambda g, out, x, y: g * np.exp2(y - out)),
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
for _function, _factor, _local in (
    (np.radians, math.pi / 180, "pi / 180"),
    (np.deg2rad, math.pi / 180, "pi / 180"),
    (np.degrees, 180 / math.pi, "180 / pi"),
    (np.rad2deg, 180 / math.pi, "180 / pi"),
):
    gate(
        _function,
        f"{_function.__name__}(x)",
        "A change of units multiplies by the factor between them.",
        (_local, lambda g, out, x, factor=_factor: g * factor),
    )
gate(
    np.ldexp,
    "x * 2**y",
    "A shift of the exponent multiplies by a power of two.",
    ("2**y", lambda g, out, x, y: np.ldexp(g, y)),
    None,
)
