"""The shape of one entry in the page of calculus, and the table they are entered in.

A primitive is one NumPy operation together with its vector-Jacobian product (VJP). A VJP takes the upstream gradient
`g`, the operation's own output `out` and its operands, and returns the gradient of one operand. It is written in NumPy,
and when it runs on traced values the backward pass is recorded as a graph of the same primitives.

VJPs ignore broadcasting: `backward.py` sums a gradient over broadcast axes, once for all primitives.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import numpy as np

from backpropviz.primitives.table import Table

Vjp = Callable[..., Any]
Array = np.ndarray[Any, Any]
_P = ParamSpec("_P")
_R = TypeVar("_R", covariant=True)


@dataclass(frozen=True, eq=False, slots=True)
class Gradient:
    """How one operand's gradient is made: the local derivative as a formula, and the VJP.

    With `negative`, the VJP leaves a minus sign to the engine, which puts it after the sum over broadcast axes: there
    the array is smaller.
    """

    local: str
    vjp: Vjp
    negative: bool = False


def minus(local: str, vjp: Vjp) -> Gradient:
    """A gradient whose sign is left to the engine."""
    return Gradient(local, vjp, negative=True)


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One operation: how it runs, how it reads, how its gradient flows, and its story in a sentence.

    Attributes:
        name: the operation's name, as NumPy has it.
        run: the function on plain arrays.
        formula: how it reads in mathematics, with operands x, y, z.
        story: what the gate does to a gradient, in one sentence.
        gradients: one entry per array operand; None where no gradient flows.
        gradient_of: for primitives over a sequence of arrays: the entry of the i-th of them.
        infix: the operator it prints as, if it has one.
        call: the function it prints as, otherwise. suffix: what its result prints with (".logabsdet").
        into: runs it again, writing into an array it made before; None where a copy has to do.
        decision: for a primitive with kinks: which branch every entry takes. Two runs that decide alike lie on the
            same smooth piece.
        elementwise: True where output axes line up with the operands' axes.
        helper: a function of ours that derived code has to carry along.
        by_shape: its VJPs ask for shapes and types alone, and for no value: of two operations whose operands are alike
            in these, the gradients are handed back by the same operations.
        differentiable: whether some operand gets a gradient.
        is_ufunc: it is one of NumPy's, so its results are new arrays.
    """

    name: str
    run: Callable[..., Any]
    formula: str
    story: str
    gradients: tuple[Gradient | None, ...] = ()
    gradient_of: Callable[[int], Gradient] | None = None
    infix: str = ""
    call: str = ""
    suffix: str = ""
    into: Callable[..., Any] | None = None
    decision: Callable[..., Any] | None = None
    elementwise: bool = False
    helper: bool = False
    by_shape: bool = False
    differentiable: bool = field(init=False)
    is_ufunc: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "differentiable", bool(self.gradients) or self.gradient_of is not None)
        object.__setattr__(self, "is_ufunc", isinstance(self.run, np.ufunc))

    def gradient(self, position: int) -> Gradient | None:
        """The gradient entry of the operand at `position`; None where none flows."""
        if self.gradient_of is not None:
            return self.gradient_of(position)
        return self.gradients[position] if position < len(self.gradients) else None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


_LATER = (
    "kinks",
    "joining",
    "windows",
    "running",
    "sorting",
    "vectors",
    "signals",
    "linalg",
    "fourier",
    "along",
    "factors",
    "norms",
    "composites.picking",
)
PRIMITIVES: Table[Primitive] = Table(*(f"backpropviz.primitives.{room}" for room in _LATER))
"""Every NumPy callable that can be traced, with its primitive."""


class Traceable(Protocol[_P, _R]):
    """A function that takes traced values; `run` is the same on bare arrays."""

    run: Callable[..., Any]

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...


def traceable(run: Callable[_P, _R]) -> Traceable[_P, _R]:
    """Let a function that NumPy does not know be called on traced values, as NumPy's own functions can."""

    @functools.wraps(run)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and any(
            hasattr(value, "record") for value in kwargs.values()
        ):  # an operand given by name goes to its place
            bound = inspect.signature(run).bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        for value in args:
            if hasattr(value, "record"):
                return value.record(PRIMITIVES[call], args, kwargs)
        return run(*args, **kwargs)

    call.run = run  # type: ignore[attr-defined]
    return cast(Traceable[_P, _R], call)


def gate(
    function: Callable[..., Any],
    formula: str,
    story: str,
    *gradients: tuple[str, Vjp] | Gradient | None,
    also: tuple[Any, ...] = (),
    name: str = "",
    module: str = "np",
    infix: str = "",
    into: Callable[..., Any] | None = None,
    sequence: Callable[[int], Gradient] | None = None,
    **facts: Any,
) -> Primitive:
    """Enter a primitive in the table under `function` and the callables in `also`.

    Each gradient is a pair: the local derivative as a formula, and its VJP.
    """
    name = name or function.__name__
    ufunc = isinstance(function, np.ufunc)
    primitive = Primitive(
        name=name,
        run=getattr(function, "run", function),
        formula=formula,
        story=story,
        gradients=tuple(Gradient(*entry) if isinstance(entry, tuple) else entry for entry in gradients),
        gradient_of=sequence,
        infix=infix,
        call=f"{module}.{name}" if module else name,
        into=into or (function if ufunc else None),
        elementwise=facts.pop("elementwise", ufunc),
        **facts,
    )
    for key in (function, *also):
        PRIMITIVES[key] = primitive
    return primitive
