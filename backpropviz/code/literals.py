"""Writes plain numbers as a person would: `1e-5`, `1e9`, and `np.sqrt(2)` where the source says so."""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from typing import Any

import numpy as np

from backpropviz.engine.source import SourceText, source_of

_LONG = 8  # digits: of fewer, an expression tells no more than the number
_LARGE = 1e6
_HUGE = 1e3  # no power of more is worked out
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_SYMBOLS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_MODULES = {"np": np, "numpy": np, "math": math}
_FUNCTIONS = {"sqrt", "log", "log2", "log10", "log1p", "exp", "sin", "cos", "tan", "tanh", "arctan", "float64"}
_NUMBERS = {"pi", "e"}


def digits(value: Any) -> str:
    """A value in Python; a number the short way: `1e-5` and not `1e-05`, `1e9` and not `1000000000.0`."""
    text = repr(value)
    if not isinstance(value, float) or not math.isfinite(value):
        return text
    if "e" not in text and abs(value) >= _LARGE and value == float(f"{value:.6e}"):
        text = f"{value:.6e}"
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def spelled(file: str, value: float) -> tuple[str, str]:
    """The expression of constants alone that a file writes for a number of many digits, and its outermost operator.

    Both are empty where there is none.
    """
    text = source_of(file) if len(repr(value)) > _LONG else None
    expression = None if text is None else _expressions(text).get(value)
    if expression is None:
        return "", ""
    symbol = _SYMBOLS[type(expression.op)] if isinstance(expression, ast.BinOp) else ""
    return re.sub(r"\bnumpy\.", "np.", ast.unparse(expression)), symbol


@functools.lru_cache(maxsize=16)
def _expressions(text: SourceText) -> dict[float, ast.expr]:
    found: dict[float, ast.expr] = {}
    for node in ast.walk(text.tree):
        if isinstance(node, ast.BinOp | ast.Call | ast.Attribute):
            value = _evaluated(node)
            if type(value) is float and len(repr(value)) > _LONG:
                found.setdefault(value, node)
    return found


def _evaluated(node: ast.expr) -> int | float | None:
    """The number that an expression without variables is; None for any other."""
    match node:
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.Attribute(ast.Name(module), name) if module in _MODULES and name in _NUMBERS:
            number: float = getattr(math, name)
            return number
        case ast.UnaryOp(op, operand) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], operand)
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], left, right)
        case ast.Call(ast.Attribute(ast.Name(module), name), [argument], []) if module in _MODULES:
            function = getattr(_MODULES[module], name, None) if name in _FUNCTIONS else None
            return None if function is None else _applied(function, argument)
    return None


def _applied(function: Any, *operands: ast.expr) -> int | float | None:
    values = [_evaluated(operand) for operand in operands]
    if None in values or (function is operator.pow and max(map(abs, values)) > _HUGE):  # type: ignore[arg-type]
        return None
    try:
        with np.errstate(all="ignore"):
            value = function(*values)
    except (ArithmeticError, ValueError):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return value if type(value) in (int, float) else None
