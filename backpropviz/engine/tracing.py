"""Traced arrays: run a function on them, and every operation and assignment is recorded."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backpropviz.engine.calls import (
    IN_PLACE_FIX,
    METHODS,
    REDUCTIONS,
    bound,
    canonical,
    look,
    nearest,
    no_option,
    unknown,
)
from backpropviz.engine.graph import Array, Node
from backpropviz.engine.named import Shape, plain
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES, Primitive
from backpropviz.primitives.composites import COMPARISONS, COMPOSITES, LOOKS
from backpropviz.primitives.shapes import astype, take


class Tape:
    """Records operations in order. The forward pass and the backward pass each have one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.taken: set[str] = set()

    def unique(self, name: str) -> str:
        """`name`, primed by underscores if a node of this tape has it already (`dx_2` of x and of x_2)."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def input(self, value: Any, name: str | None = None) -> Traced:
        """A value that no operation made."""
        node = Node(len(self.nodes), None, (), {}, (), np.asarray(value), name)
        node.carries_gradient = node.value.dtype.kind in "fc"
        self.nodes.append(node)
        return Traced(node, self)

    def record(self, primitive: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Traced:
        """Run a primitive on the values behind its arguments, and keep what it made.

        Raises:
            TraceError: a value with a gradient stands where none is handed back, or the operation made several arrays.
        """
        parents: list[Node] = []
        arrays = len(primitive.gradients)
        kept = []
        for position, arg in enumerate(args):
            operand = np.asarray(arg) if position < arrays and isinstance(arg, (list, tuple)) else arg
            kept.append(self._encode(operand, parents))
        args, operands = tuple(kept), len(parents)
        values = [arg.value if type(arg) is Node else bare(arg) for arg in args]
        if kwargs:
            kwargs = {key: self._encode(option, parents) for key, option in kwargs.items()}
        value = primitive.run(*values, **bare(kwargs)) if kwargs else primitive.run(*values)
        if type(value) is tuple:
            raise TraceError(f"{primitive.call} gives several arrays here", fix=_SEVERAL_FIX)
        value = np.asarray(value)
        node = Node(len(self.nodes), primitive, args, kwargs, tuple(parents), value)
        if primitive.differentiable and value.dtype.kind in "fc":
            node.carries_gradient = any([parent.carries_gradient for parent in parents])
            handed_back = parents[:operands] if primitive.gradient_of else [arg for arg in args if type(arg) is Node]
            if len(handed_back) < len(parents):
                _refuse_lost(primitive, [parent for parent in parents if parent not in handed_back])
        if not isinstance(primitive.run, np.ufunc):
            node.is_view = any([np.may_share_memory(value, parent.value) for parent in parents])
            if parents and not node.is_view and not value.flags.writeable:
                node.value = value.copy()  # a replay will write into it
        self.nodes.append(node)
        return Traced(node, self)

    def _encode(self, value: Any, found: list[Node]) -> Any:
        """An argument as it is kept in the record: nodes for traced values, which are also added to `found`."""
        kind = type(value)
        if kind is Traced:
            found.append(value.node)
            return value.node
        if kind is np.ndarray:
            return self.keep(value)
        if kind in (tuple, list):
            return kind([self._encode(item, found) for item in value])
        return value

    def keep(self, array: Array) -> Array:
        """A constant, as it is kept in the record."""
        return array

    def decide(self, traced: Traced) -> None:
        """Called when Python asks a traced value whether it is true."""


def bare(value: Any, of: Callable[[Node], Any] = operator.attrgetter("value")) -> Any:
    """A recorded argument as NumPy takes it: arrays for nodes, plain numbers for named ones."""
    kind = type(value)
    if kind is Node:
        return of(value)
    if kind is tuple:
        return tuple([bare(item, of) for item in value])
    if kind is dict:
        return {key: bare(item, of) for key, item in value.items()}
    if kind is list:
        return [bare(item, of) for item in value]
    if isinstance(value, tuple):
        return tuple([plain(item) for item in value])
    return plain(value)


def _refuse_lost(primitive: Primitive, parents: list[Node]) -> None:
    if any(parent.carries_gradient for parent in parents):
        raise TraceError(
            f"{primitive.call} takes a traced value in a list or an option: its gradient would be lost",
            fix="Give it as an array of its own (np.stack joins several), or write the operation out.",
        )


class Traced(NDArrayOperatorsMixin):
    """Stands for an array while a function runs: computes like it, and records each operation on its tape."""

    __slots__ = ("node", "tape")

    def __init__(self, node: Node, tape: Tape):
        self.node = node
        self.tape = tape

    # ---- recording -------------------------------------------------------------------------------------------------

    def record(self, primitive: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Traced:
        return self.tape.record(primitive, args, kwargs)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "reduce" and ufunc in REDUCTIONS:
            return REDUCTIONS[ufunc](*inputs, **{"axis": 0, **kwargs})
        if method != "__call__":
            raise TraceError(f"np.{ufunc.__name__}.{method} cannot be traced", fix="Use np.sum, np.cumsum or a loop.")
        out = kwargs.pop("out", None)
        # `h[0] += 1` on a single number makes a new one; on an array it would change it where it stands
        if out is not None and not (out[0] is inputs[0] is self and self.ndim == 0):
            raise TraceError("an in-place operation (out= or an augmented assignment into an array)", fix=IN_PLACE_FIX)
        if kwargs:
            raise no_option(ufunc.__name__, next(iter(kwargs)))
        if ufunc not in PRIMITIVES:
            raise unknown(ufunc)
        return self.tape.record(PRIMITIVES[ufunc], inputs, {})

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func in LOOKS:
            if func in COMPARISONS:
                self.tape.decide(self)
            return func(*look(args), **{key: look(value) for key, value in kwargs.items()})
        if func in COMPOSITES:
            return COMPOSITES[func](*bound(func, args, kwargs))
        if func not in PRIMITIVES:
            raise unknown(func)
        return self.tape.record(PRIMITIVES[func], *canonical(func, args, kwargs))

    def __pow__(self, exponent: Any) -> Any:
        # ndarray ** 2 is not np.power(_, 2): NumPy gives the operator shortcuts of its own
        return self.record(PRIMITIVES[operator.pow], (self, exponent), {})

    def __rpow__(self, base: Any) -> Any:
        return self.record(PRIMITIVES[operator.pow], (base, self), {})

    def __getitem__(self, index: Any) -> Any:
        return take(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TraceError("assignment into an array", fix=_STORE_FIX)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    # ---- what the array is -----------------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        return Shape.of(self.node)

    @property
    def ndim(self) -> int:
        return self.node.value.ndim

    @property
    def size(self) -> int:
        return self.node.value.size

    @property
    def dtype(self) -> Any:
        return self.node.value.dtype

    @property
    def T(self) -> Any:  # noqa: N802
        return np.transpose(self)

    @property
    def mT(self) -> Any:  # noqa: N802
        return np.swapaxes(self, -1, -2)

    def __len__(self) -> int:
        return len(self.node.value)

    def __repr__(self) -> str:
        return repr(self.node.value[()])

    def __str__(self) -> str:
        return str(self.node.value[()])

    def __format__(self, spec: str) -> str:
        return format(self.node.value[()], spec)

    # ---- what would leave the record -------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        truth = bool(self.node.value)
        self.tape.decide(self)
        return truth

    def _leaves(self, how: str) -> Any:
        raise TraceError(
            f"{how} turns a traced value into a plain one, and its gradient would be lost",
            fix="Keep it as it is: NumPy functions and operators take it directly (for a list of values: np.stack).",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self._leaves("np.asarray or np.array")

    def __float__(self) -> float:
        return self._leaves("float()")  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return self._leaves("int()")  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return self._leaves("use as an index or a size")  # type: ignore[no-any-return]

    def __complex__(self) -> complex:
        return self._leaves("complex()")  # type: ignore[no-any-return]

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

    def item(self, *args: Any) -> Any:
        return self._leaves(".item()")

    def tolist(self) -> Any:
        return self._leaves(".tolist()")

    # ---- methods of ndarray ----------------------------------------------------------------------------------------

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **kwargs)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self, order: str = "C") -> Any:
        return np.ravel(self, order=order)  # type: ignore[call-overload]

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        return astype(self, dtype)

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None) if name in METHODS else None
        if function is not None:
            return functools.partial(function, self)
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no attribute {name!r}")
        raise TraceError(f"array.{name} cannot be traced", fix=nearest(name, METHODS))


_SEVERAL_FIX = "To pick entries, index by the mask itself: `x[x > 0]`."
_STORE_FIX = "Build the parts as values and join them: `out = np.stack([...])`, np.concatenate or np.where."
