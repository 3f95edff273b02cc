"""One way of every call: NumPy's many spellings of a call become operands by position and options by name."""

from __future__ import annotations

import difflib
import functools
import inspect
from typing import Any

import numpy as np

from backpropviz.engine.named import plain
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.composites import COMPOSITES

_UNSUPPORTED = {"out", "where", "dtype", "initial", "casting", "subok", "copy", "order", "correction", "mean"}
IN_PLACE_FIX = "Write the result to a new name: `y = x + 1` instead of changing x where it stands."
METHODS = [
    "all", "any", "argmax", "argmin", "argsort", "clip", "copy", "cumsum", "diagonal", "dot", "max", "mean", "min",
    "prod", "ravel", "repeat", "round", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
]  # fmt: skip
REDUCTIONS: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


def canonical(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """One way to write every call: operands by position, options by name, defaults left out."""
    primitive = PRIMITIVES[func]
    defaults = _defaults(func)
    if primitive.name == "einsum" and not isinstance(args[0], str):
        raise TraceError("np.einsum without an equation", fix='Name the axes by letters: np.einsum("ij,jk->ik", x, y).')
    operands, options = args, kwargs
    if defaults is not None and primitive.name != "einsum":
        count = max(1, len(primitive.gradients))
        if len(args) != count:
            options = {**dict(zip(defaults, args)), **kwargs}
            if len(options) < len(args) + len(kwargs):
                inspect.signature(func).bind(*args, **kwargs)  # raises: an argument too many, or one given twice
            if primitive.name == "clip":
                low, high = (options.pop(f"a_{end}", options.pop(end, None)) for end in ("min", "max"))
                return (options["a"], low, high), {}
            operands = tuple([options.pop(name) for name in list(defaults)[:count] if name in options])
        if primitive.name == "reshape":  # its shape goes by another name before NumPy 2.1
            operands = (*operands, *[options.pop(name) for name in ("shape", "newshape") if name in options])
        options = {k: v for k, v in options.items() if k not in defaults or not _is(v, defaults[k])}
    if primitive.gradient_of is not None and hasattr(operands[0], "node"):
        operands = (list(operands[0]), *operands[1:])  # np.stack(x): its rows
    for name, value in options.items():
        if name in _UNSUPPORTED and value is not None:
            raise no_option(primitive.name, name)
    return operands, options


def _is(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, (str, int)) and value == default)


@functools.cache
def _defaults(func: Any) -> dict[str, Any] | None:
    """The parameters of a function with their defaults, in order."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except ValueError:  # a C function without a text signature
        return None
    return {p.name: p.default for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}


def bound(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of a composite by position.

    Raises:
        TraceError: NumPy has an option there that the composite has not.
    """
    signature = inspect.signature(COMPOSITES[func])
    try:
        arguments = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TraceError(f"np.{func.__name__}: {error}", fix=f"It is traced as {func.__name__}{signature}.") from error
    arguments.apply_defaults()
    return arguments.args


def no_option(function: str, option: str) -> TraceError:
    return TraceError(
        f"np.{function} with {option}= cannot be traced",
        fix=IN_PLACE_FIX if option == "out" else f"Leave {option}= out, and do its work in a step of its own.",
    )


def unknown(func: Any) -> TraceError:
    name = f"{getattr(func, '__module__', None) or 'numpy'}.{func.__name__}".replace("numpy", "np", 1)
    known = {p.name for f, p in PRIMITIVES.items() if p.call.startswith("np")} | {f.__name__ for f in COMPOSITES}
    return TraceError(f"{name} has no gradient here", fix=nearest(func.__name__, sorted(known)))


def nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"The nearest that can be traced: {', '.join('np.' + n for n in near)}."
    return (
        "Write it with sums, products, np.exp, np.log, np.where and the like; `backpropviz list --ops` names them all."
    )


def look(value: Any) -> Any:
    """An argument with arrays for traced values, for functions that only look."""
    if hasattr(value, "node"):
        return value.node.value
    if isinstance(value, tuple | list):
        return (list if type(value) is list else tuple)([look(item) for item in value])
    return plain(value)
