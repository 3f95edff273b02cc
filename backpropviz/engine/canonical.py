"""One way to write every call: NumPy's many spellings become operands by position and options by name."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from backpropviz.engine.named import plain
from backpropviz.engine.refusals import no_option
from backpropviz.primitives import PRIMITIVES, Primitive
from backpropviz.primitives.arrays import array, holds_traced, is_traced

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MASK = {"axis", "keepdims", "where", "initial"}
_MASKED = {"sum": {*_MASK, "dtype"}, "prod": {*_MASK, "dtype"}, "max": _MASK, "min": _MASK}


def canonical(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """One way to write every call: operands by position, options by name, defaults left out."""
    primitive = PRIMITIVES[func]
    if not kwargs and len(args) == len(primitive.gradients) and not any([type(arg) in (list, tuple) for arg in args]):
        return args, kwargs
    defaults = _defaults(func)
    if primitive.name == "einsum":
        operands, options = _with_equation(args), dict(kwargs)
    else:
        operands, options = _in_places(func, primitive, defaults, args, kwargs)
    if primitive.gradient_of is not None and primitive.name != "einsum":
        parts = operands[0]
        # np.stack(x): its rows; a list of numbers stays as it is written
        operands = ([part if _is_row(part) else array(part) for part in parts], *operands[1:])
    else:
        operands = tuple([array(x) if type(x) in (list, tuple) and holds_traced(x) else x for x in operands])
    if not options:
        return operands, options
    if options.get("out", func) is None:
        options = {key: value for key, value in options.items() if key != "out"}
    if options.get("order") in ("A", "K") and primitive.name in ("reshape", "ravel", "flatten"):
        operands, options = _by_memory(operands, options)
    accepted = _accepted(primitive)
    for name in options:
        if name == "out" or (accepted is not None and name not in accepted):
            raise no_option(primitive.name, name)
    return operands, options


def _is_row(part: Any) -> bool:
    return type(part) is list and bool(part) and all(type(number) in (int, float) for number in part)


def _in_places(
    func: Any, primitive: Primitive, defaults: dict[str, Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Operands and options of a call, whether they were given by position or by name."""
    if defaults is None:
        return args, kwargs
    count = max(1, len(primitive.gradients))
    operands, options = args, dict(kwargs)
    if count < len(args) <= len(defaults) and not kwargs and primitive.name not in ("clip", "reshape"):
        operands, options = args[:count], dict(zip([*defaults][count:], args[count:]))
    elif len(args) != count:
        options = {**dict(zip(defaults, args)), **kwargs}
        if len(options) < len(args) + len(kwargs):
            inspect.signature(func).bind(*args, **kwargs)  # raises: an argument too many, or one given twice
        if primitive.name == "clip":
            low, high = (options.pop(f"a_{end}", options.pop(end, None)) for end in ("min", "max"))
            low, high = (None if bound is np._NoValue else bound for bound in (low, high))
            return (options.pop("a"), low, high), {k: v for k, v in options.items() if v is not None}
        operands = tuple([options.pop(name) for name in list(defaults)[:count] if name in options])
    if primitive.name == "reshape":  # its shape goes by another name before NumPy 2.1
        operands = (
            *operands,
            *[options.pop(name) for name in ("shape", "newshape") if name in options and name in defaults],
        )
    if "correction" in options:
        options["ddof"] = options.pop("correction")
    return operands, {k: v for k, v in options.items() if k not in defaults or not _is(v, defaults[k])}


def _with_equation(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of np.einsum with the axes as letters, also where they were given as lists of numbers."""
    if not args or isinstance(args[0], str):
        return args
    pairs, result = list(zip(args[::2], args[1::2])), args[-1] if len(args) % 2 else None
    numbers = sorted({axis for _, axes in pairs for axis in axes if axis is not Ellipsis})
    letters = {axis: (_LETTERS[i]) for i, axis in enumerate(numbers)} | {Ellipsis: "..."}
    written = [
        "".join(letters[axis] for axis in axes)
        for axes in (*(a for _, a in pairs), *([result] if result is not None else []))
    ]
    equation = ",".join(written[: len(pairs)]) + ("->" + written[-1] if result is not None else "")
    return (equation, *(operand for operand, _ in pairs))


def _by_memory(operands: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """order="A" and order="K" as what they mean for this array."""
    x = look(operands[0])
    rest = {key: value for key, value in options.items() if key != "order"}
    if x.flags.c_contiguous or (options["order"] == "A" and not x.flags.f_contiguous):
        return operands, rest
    if x.flags.f_contiguous:
        return operands, {**rest, "order": "F"}
    if min(x.strides) < 0:
        raise no_option("ravel", "order")
    axes = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
    return (np.transpose(operands[0], axes), *operands[1:]), rest


def _is(value: Any, default: Any) -> bool:
    return value is default or (
        isinstance(value, (str, int)) and type(default) in (str, int, bool) and value == default
    )


@functools.cache
def _defaults(func: Any) -> dict[str, Any] | None:
    """The parameters of a function with their defaults, in order."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except ValueError:  # a C function without a text signature
        return None
    return {p.name: p.default for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}


@functools.cache
def _accepted(primitive: Primitive) -> set[str] | None:
    """The options that a gate's VJPs know; None where any will do."""
    entries = [primitive.gradient_of(0)] if primitive.gradient_of is not None else primitive.gradients
    known: set[str] = set()
    for entry in entries:
        parameters = inspect.signature(entry.vjp).parameters.values() if entry is not None else ()
        if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters) and primitive.name not in _MASKED:
            return None
        known |= {p.name for p in parameters}
    return known | _MASKED.get(primitive.name, set()) if entries else None


def as_given(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of a NumPy function by position where it takes them so alone, else by name, without its defaults."""
    defaults = _defaults(func)
    if defaults is None or isinstance(func, np.ufunc):
        return list(args), {name: value for name, value in kwargs.items() if not (name == "out" and value is None)}
    bound = inspect.signature(func).bind(*args, **kwargs)  # raises NumPy's own TypeError
    kinds = {name: parameter.kind for name, parameter in bound.signature.parameters.items()}
    several = next((name for name, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL), None)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if name == several:
            positional += value
        elif kinds[name] is inspect.Parameter.VAR_KEYWORD:
            named |= value
        elif kinds[name] is inspect.Parameter.POSITIONAL_ONLY or (
            several and not positional and several in bound.arguments
        ):
            positional.append(value)
        elif not _is(value, defaults[name]):
            named[name] = value
    return positional, named


def look(value: Any) -> Any:
    """An argument with arrays for traced values, for functions that only look."""
    if is_traced(value):
        return value.node.value[()]  # a single number as NumPy hands it out
    if isinstance(value, tuple | list):
        return (list if type(value) is list else tuple)([look(item) for item in value])
    if type(value) is dict:
        return {key: look(item) for key, item in value.items()}
    if type(value) is slice:
        return slice(look(value.start), look(value.stop), look(value.step))
    return plain(value)
