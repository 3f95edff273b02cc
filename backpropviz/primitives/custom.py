"""Operations of a user's own, with gradients written by hand."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import traceback
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

import numpy as np

from backpropviz.errors import BackpropvizError, TraceError
from backpropviz.primitives.record import PRIMITIVES, Gradient, Vjp, gate, traceable
from backpropviz.text import file_name

_P = ParamSpec("_P")
_R = TypeVar("_R", covariant=True)
_Rule = TypeVar("_Rule", bound=Callable[..., Any])


class Operation(Protocol[_P, _R]):
    """A function that is one operation of the graph."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...

    @overload
    def vjp(self, operand: str, /) -> Callable[[_Rule], _Rule]: ...
    @overload
    def vjp(self, operand: _Rule, /) -> _Rule: ...


def primitive(function: Callable[_P, _R]) -> Operation[_P, _R]:
    """Make a function one operation of the graph, with a gradient written by hand. Used as a decorator.

        @primitive
        def swish(x):
            return x / (1 + np.exp(-x))

        @swish.vjp
        def swish_vjp(g, out, x):
            return g * (out + (1 - out) / (1 + np.exp(-x)))

    `swish.vjp` is for the first operand; for another one say which: `@scale.vjp("gamma")`. A VJP gets the upstream
    gradient `g`, the output and the operation's own arguments, and returns the gradient of the operand: in its shape,
    or in the output's where the operand was broadcast. Written in NumPy, it can be differentiated again.

    Operands are the positional parameters; settings are best keyword-only. The function itself sees bare arrays: it may
    do with them what it likes, except change them, and returns one array. On bare arrays it works as ever.

    Raises:
        TraceError: in `backward`, an operand has no VJP, or its VJP fails or returns another shape.
    """
    name = function.__name__
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    operands = [parameter.name for parameter in parameters if parameter.kind in by_position]
    call: Any = traceable(function)
    call.run = _on_read_only_arrays(function)
    gate(
        call,
        f"{name}({', '.join(operands)})",
        inspect.getdoc(function) or f"{name} is an operation of this file: its gradient is what its VJP says.",
        *(_absent(name, operand) for operand in operands),
        module="",
    )

    def enter(operand: str, rule: Vjp) -> Vjp:
        if operand not in operands:
            raise TraceError(f"{name} has no operand {operand!r}", fix=f"Its operands are {', '.join(operands)}.")
        gradients = list(PRIMITIVES[call].gradients)
        position = operands.index(operand)
        gradients[position] = Gradient(f"d{name}/d{operand}", _guarded(rule, name, operand, position))
        PRIMITIVES[call] = dataclasses.replace(PRIMITIVES[call], gradients=tuple(gradients))
        return rule

    def vjp(operand: Any) -> Any:
        return enter(operands[0], operand) if callable(operand) else functools.partial(enter, operand)

    call.vjp = vjp
    return cast(Operation[_P, _R], call)


def _on_read_only_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` on the arrays of a trace, which it must not change."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return function(*map(_read_only, args), **{key: _read_only(value) for key, value in kwargs.items()})

    return run


def _read_only(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _absent(name: str, operand: str) -> Gradient:
    def vjp(*args: Any, **kwargs: Any) -> Any:
        raise TraceError(f"{name} has no VJP for {operand}", fix=f'Define one: `@{name}.vjp("{operand}")`.')

    return Gradient(f"d{name}/d{operand}", vjp)


def _guarded(rule: Vjp, name: str, operand: str, position: int) -> Vjp:
    """`rule`, with errors that say which VJP and line it was."""

    @functools.wraps(rule)
    def vjp(g: Any, out: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            gradient = rule(g, out, *args, **kwargs)
        except BackpropvizError as error:
            error.where = error.where or _line(error, rule)
            raise
        except Exception as error:
            seen = f"the VJP of {name} for {operand} failed with {type(error).__name__}: {error}"
            raise TraceError(seen, where=_line(error, rule), fix="It is called as vjp(g, out, *operands).") from error
        fitting = (np.shape(args[position]), np.shape(out), ())
        if gradient is None or np.shape(gradient) not in fitting:
            shape = "nothing" if gradient is None else f"shape {tuple(np.shape(gradient))}"
            raise TraceError(
                f"the VJP of {name} for {operand} returned {shape}, but {operand} has shape {fitting[0]}",
                where=f"{file_name(rule.__code__.co_filename)}:{rule.__code__.co_firstlineno}",
                fix=f"A gradient has one entry for every entry of {operand}.",
            )
        return gradient

    return vjp


def _line(error: Exception, rule: Vjp) -> str:
    """The innermost line of the rule's file that an error went through."""
    file = rule.__code__.co_filename
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{file_name(file)}:{lines[-1] if lines else rule.__code__.co_firstlineno}"
