"""Traced arrays: they stand for arrays while a function runs, and every operation on them goes to a tape."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backpropviz.engine import calls
from backpropviz.engine.graph import Node, bare
from backpropviz.engine.in_place import IN_PLACE, change_at, fill, fill_where, joined_index
from backpropviz.engine.methods import attribute
from backpropviz.engine.named import NamedFloat, NamedInt, Shape
from backpropviz.engine.refusals import drawn_from_inputs, without_positions
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES, Primitive
from backpropviz.primitives.composites import COMPARISONS
from backpropviz.primitives.shapes import TAKE, astype
from backpropviz.primitives.stores import STORED

if TYPE_CHECKING:
    from backpropviz.engine.tape import Tape

_DRAWS = {"normal", "uniform", "poisson", "binomial", "exponential", "laplace"}
_ORDERS = {"choice", "permutation", "permuted"}
_RENAMES = {"reshape", "ravel", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "identity", "flip"}


def _operator(ufunc: np.ufunc, swapped: bool = False) -> Callable[[Traced, Any], Any]:
    """An operator: between traced values and numbers its gate, without asking NumPy; NumPy's ufunc for all else."""

    def method(self: Traced, other: Any) -> Any:
        operands = (other, self) if swapped else (self, other)
        if type(other) in _OPERANDS:
            try:
                return self.tape.record(PRIMITIVES[ufunc], operands, {})
            except Exception:
                return ufunc(*operands)  # it fails again, in NumPy's words
        return ufunc(*operands)

    return method


class Traced(NDArrayOperatorsMixin):
    """Stands for an array while a function runs: computes like it, and records each operation on its tape."""

    __slots__ = ("_node", "source", "tape", "version")

    def __init__(self, node: Node, tape: Tape):
        self._node = node
        self.tape = tape
        self.source: Traced | None = None  # what it is a view of
        self.version = 0  # how often it was written into; for a view: how often its root was, when it was read last

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # what `isinstance` asks: a traced value is an array (or a number), for all it shows
        value = self._node.outline
        return type(value) if value.ndim else type(value[()])

    @property
    def node(self) -> Node:
        """The value as it is now: of an array that was changed in place, the last version."""
        if self.source is not None and self.version != self.root.version:
            node = self._node
            assert node.primitive is not None
            arguments = [Traced(arg, self.tape) if type(arg) is Node else arg for arg in node.args[1:]]
            self.version = self.root.version
            self._node = self.tape.record(node.primitive, (self.source, *arguments), node.kwargs)._node
        return self._node

    @property
    def root(self) -> Traced:
        """The array that this is a view of, after all; itself if of none."""
        traced = self
        while traced.source is not None:
            traced = traced.source
        return traced

    # ---- writing -----------------------------------------------------------------------------------------------------

    def write(self, primitive: Primitive, value: Any, index: Any) -> None:
        """Put (`STORED`) or add (`ADDED`) a value at an index: a new version of the array, and of each view of it."""
        if self.source is not None and self.node.primitive is TAKE:
            joined = joined_index(self.node.args[1], index)
            if joined is not None:
                self.source.write(primitive, value, joined)
                return
        self.replace(self.record(primitive, (self, value, index), {}))

    def replace(self, value: Traced) -> None:
        """Make `value`, of this array's shape and dtype, its new version."""
        if self.source is None:
            self._node = value._node
            self.version += 1
            self.tape.changed(self)
            return
        node = self.node
        assert node.primitive is not None
        if node.primitive is TAKE:
            self.source.write(STORED, value, node.args[1])
            return
        gradient = node.primitive.gradient(0)
        if not node.outline.flags.writeable or gradient is None or node.primitive.name not in _RENAMES:
            raise ValueError("assignment destination is read-only")
        # what only renames places is undone as a gradient is handed back through it
        self.source.replace(gradient.vjp(value, self, self.source, *node.args[1:], **node.kwargs))

    def fill_with(self, result: Any) -> None:
        """Make the result of an operation the new version: `x += y`, or an `out=`.

        Raises:
            ValueError, TypeError: it does not fit, as NumPy has it.
        """
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast the result from {result.dtype!r} to {self.dtype!r} with casting rule 'same_kind'"
            )
        if tuple(result.shape) != self.node.shape:
            if np.broadcast_shapes(result.shape, self.node.shape) != self.node.shape:
                raise ValueError(
                    f"non-broadcastable output operand with shape {self.node.shape} doesn't match the broadcast shape "
                    f"{tuple(result.shape)}"
                )
            result = np.broadcast_to(result, self.node.shape)
        if result.dtype != self.dtype:
            result = result.astype(self.dtype)
        if type(result) is Traced:
            self.replace(result)
        else:
            self.write(STORED, result, ...)

    # ---- recording -------------------------------------------------------------------------------------------------

    def record(self, primitive: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Traced:
        return self.tape.record(primitive, args, kwargs)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at":
            change_at(ufunc, *inputs)
            return None
        if method == "__call__" and kwargs.get("where", True) is not True:
            return fill_where(kwargs.pop("out", None), ufunc, inputs, kwargs.pop("where"), kwargs)
        if kwargs.get("out") is not None:
            (out,) = kwargs.pop("out")
            result = self.__array_ufunc__(ufunc, method, *inputs, **kwargs)
            return result if out is inputs[0] and np.ndim(out) == 0 else fill(out, result)
        return calls.ufunc(self.tape.record, ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func in COMPARISONS:
            kept = self.tape.encoded((args, kwargs))
            answer = func(*bare(kept[0]), **bare(kept[1]))
            if isinstance(answer, bool):
                self.tape.decide(lambda: bool(func(*bare(kept[0]), **bare(kept[1]))), answer)
            return answer
        if func in IN_PLACE:
            return IN_PLACE[func](*args, **kwargs)
        if kwargs.get("out") is not None:
            options = {key: value for key, value in kwargs.items() if key != "out"}
            return fill(kwargs["out"], func(*args, **options))
        return calls.function(self.tape.record, func, args, kwargs)

    def __pow__(self, exponent: Any) -> Any:
        # ndarray ** 2 is not np.power(_, 2): NumPy gives the operator shortcuts of its own
        return self.record(PRIMITIVES[operator.pow], (self, exponent), {})

    def __rpow__(self, base: Any) -> Any:
        return self.record(PRIMITIVES[operator.pow], (base, self), {})

    def __getitem__(self, index: Any) -> Any:
        return self.tape.record(TAKE, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.write(STORED, value, index)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    # ---- what the array is -----------------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        return Shape.of(self.node)

    @property
    def ndim(self) -> int:
        return self.node.outline.ndim

    @property
    def size(self) -> int:
        return math.prod(self.shape)  # of lengths that know whose they are

    @property
    def dtype(self) -> Any:
        return self.node.outline.dtype

    @property
    def T(self) -> Any:  # noqa: N802
        return np.transpose(self)

    @property
    def mT(self) -> Any:  # noqa: N802
        return np.swapaxes(self, -1, -2)

    def __len__(self) -> int:
        return len(self.node.outline)

    def __repr__(self) -> str:
        return repr(self.node.value[()])

    def __str__(self) -> str:
        return str(self.node.value[()])

    def __format__(self, spec: str) -> str:
        return format(self.node.value[()], spec)

    # ---- what would leave the record -------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        node = self.node
        truth = bool(node.value)
        self.tape.decide(lambda: bool(node.value), truth)
        return truth

    def _leaves(self, how: str) -> Any:
        raise TraceError(
            f"{how} turns a traced value into a plain one, and its gradient would be lost",
            fix="Keep it as it is: NumPy functions and operators take it directly (for a list of values: np.stack).",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        called = {*sys._getframe(1).f_code.co_names}
        drawn = sorted((_DRAWS | _ORDERS) & called)
        if drawn and not {"asarray", "array"} & called:
            if drawn[0] in _ORDERS:
                raise without_positions(drawn[0])
            raise drawn_from_inputs(drawn[0])
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
        if args or self.size != 1:
            return self._leaves(".item()")
        return np.reshape(self, ()) if self.ndim else self

    def tolist(self) -> Any:
        return self._leaves(".tolist()")

    # ---- methods of ndarray ----------------------------------------------------------------------------------------

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **kwargs)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def fill(self, value: Any) -> None:
        self.write(STORED, value, ...)

    def sort(self, axis: int = -1) -> None:
        ordered: Any = np.sort(self, axis)
        self.replace(ordered)

    def put(self, indices: Any, values: Any) -> None:
        IN_PLACE[np.put](self, indices, values)

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        return astype(self, dtype)

    def __getattr__(self, name: str) -> Any:
        return attribute(self, name)


_OPERANDS = (Traced, float, int, NamedFloat, NamedInt, np.float64)
for _name, _ufunc in (("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.divide)):
    setattr(Traced, f"__{_name}__", _operator(_ufunc))
    setattr(Traced, f"__r{_name}__", _operator(_ufunc, swapped=True))
