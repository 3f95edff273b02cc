"""Plain arrays in traced code, into which a traced value may be written.

`out = np.zeros((N, F))` makes a plain array; `out[i] = v` with a traced `v` makes it a traced one, for everybody who
holds it. No NumPy array can become another object, so while a function is traced its own arrays are handed to it as
slates: arrays in every respect, until a traced value is written into one. From then on it stands for a traced value,
whose history it records, and so does every view of it that was taken before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from backpropviz.engine.in_place import joined_index
from backpropviz.engine.named import plain
from backpropviz.engine.tape import Tape
from backpropviz.engine.traced import Traced
from backpropviz.errors import TraceError
from backpropviz.primitives import Primitive
from backpropviz.primitives.shapes import TAKE, take
from backpropviz.primitives.stores import STORED

_NO_INDEX = object()  # None is one: `np.arange(T)[None]`


class Slate(np.ndarray[Any, Any]):
    """A plain array that becomes traced when a traced value is written into it.

    Attributes:
        tape: what records the writing.
        source: the slate that this one is a view of; index: at which index, if it was made by one.
    """

    tape: Tape
    source: Slate | None = None
    index: Any = _NO_INDEX
    _traced: Traced | None = None

    def __array_finalize__(self, of: Any) -> None:
        is_view = type(of) is Slate and self.base is not None and np.may_share_memory(of, self)
        self.source = of if is_view else None
        self.tape = getattr(of, "tape", None)  # type: ignore[assignment]
        self.index, self._traced = _NO_INDEX, None

    @property
    def is_part(self) -> bool:
        """Whether it is a view by an index."""
        return self.source is not None and self.index is not _NO_INDEX

    # ---- standing for a traced value ---------------------------------------------------------------------------------

    @property
    def traced(self) -> Traced | None:
        """The traced value that it stands for; None while it is plain."""
        if self.source is None or self._traced is not None:
            return self._traced
        source = self.source.traced
        if source is None:
            return None
        if self.index is _NO_INDEX:
            root = self._root()
            assert root._traced is not None
            self._traced = take(root._traced, self._places(root))
            self._traced.source, self._traced.version = root._traced, root._traced.version  # a view for all that
        else:
            self._traced = source[self.index]
        return self._traced

    def _root(self) -> Slate:
        slate = self
        while slate.source is not None:
            slate = slate.source
        return slate

    def _places(self, root: Slate) -> tuple[Any, ...]:
        """Where in the root's array every entry of this view is."""
        if not np.asarray(root).flags.c_contiguous:
            raise TraceError(
                "a traced value is written into a view of an array that is a view itself",
                fix="Write into the array itself, by one index.",
            )
        here, there = np.asarray(self), np.asarray(root)
        numbers = np.arange(there.size)
        offset = (here.__array_interface__["data"][0] - there.__array_interface__["data"][0]) // here.itemsize
        strides = [stride // here.itemsize * numbers.itemsize for stride in here.strides]
        return np.unravel_index(as_strided(numbers[offset:], here.shape, strides), there.shape)

    def write(self, primitive: Primitive, value: Any, index: Any) -> None:
        """As `Traced.write`; a plain array becomes traced by it."""
        traced = self.traced
        if traced is not None:
            traced.write(primitive, value, index)
        elif self.source is None:
            self.tape.begun(self)
            self._traced = self.tape.record(primitive, (self, value, index), {})
            self.tape.changed(self._traced)
        elif self.index is _NO_INDEX:
            root = self._root()
            places = self._places(root)
            plain = [np.asarray(place)[index] for place in places]
            root.write(primitive, value, tuple(plain))
        else:
            joined = joined_index(self.index, index)
            if joined is not None:
                self.source.write(primitive, value, joined)
            else:
                part = self.tape.record(primitive, (np.array(self), value, index), {})
                self.source.write(STORED, part, self.index)

    def fill_with(self, result: Any) -> None:
        """As `Traced.fill_with`."""
        traced = self.traced
        if traced is not None:
            traced.fill_with(result)
            return
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(f"Cannot cast the result from {result.dtype!r} to {self.dtype!r} (same_kind)")
        if self.source is None and type(result) is Traced and tuple(result.shape) == self.shape:
            # all of it is new: the result of `x += y` as it would be for a traced x
            self.tape.begun(self)
            self._traced = Traced((result if result.dtype == self.dtype else result.astype(self.dtype)).node, self.tape)
            self.tape.changed(self._traced)
        else:
            self.write(STORED, result, ...)

    # ---- being an array ----------------------------------------------------------------------------------------------

    def __getattribute__(self, name: str) -> Any:
        if name not in _OWN and not name.startswith("__"):
            traced = self.traced
            if traced is not None:
                return getattr(traced, name)
        return super().__getattribute__(name)

    def __getitem__(self, index: Any) -> Any:
        traced = self.traced
        if traced is not None:
            return traced[index]
        if find_traced(index) is not None:
            return self.tape.record(TAKE, (self, resolved(index)), {})
        part = super().__getitem__(index)
        if type(part) is Slate:
            if np.may_share_memory(part, self):
                part.source, part.index = self, index
            else:
                part.source = None
        return part

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.traced is not None or find_traced((index, value)) is not None:
            self.write(STORED, resolved(value), resolved(index))
        else:
            super().__setitem__(index, value)

    def fill(self, value: Any) -> None:
        self[...] = value

    def __pow__(self, exponent: Any) -> Any:  # type: ignore[override]
        traced = self.traced
        return super().__pow__(exponent) if traced is None else traced**exponent

    def __bool__(self) -> bool:
        traced = self.traced
        return bool(np.asarray(self)) if traced is None else bool(traced)

    def __len__(self) -> int:
        return len(np.asarray(self))

    def __repr__(self) -> str:
        traced = self.traced
        return repr(np.asarray(self)) if traced is None else repr(traced)

    def __str__(self) -> str:
        traced = self.traced
        return str(np.asarray(self)) if traced is None else str(traced)

    def __format__(self, spec: str) -> str:
        return format(np.asarray(self) if self.traced is None else self.traced, spec)

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        traced = find_traced((inputs, kwargs))
        if traced is not None:
            return traced.__array_ufunc__(ufunc, method, *resolved(inputs), **resolved(kwargs))
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(_plain(array) for array in out)
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        if out is None and method == "__call__" and self.tape is not None:
            return self.tape.computed(ufunc, inputs, kwargs, result)
        return result if out is None else out[0] if len(out) == 1 else out

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        traced = find_traced((args, kwargs))
        if traced is not None:
            return traced.__array_function__(func, types, resolved(args), resolved(kwargs))
        result = super().__array_function__(func, types, args, kwargs)
        return self.tape.computed(func, args, kwargs, result) if func in _MOVES and self.tape is not None else result


_MOVES = {np.reshape, np.expand_dims, np.transpose, np.repeat, np.tile}
_OWN = {
    "traced", "source", "tape", "index", "_traced", "_root", "_places", "write", "fill_with", "fill",
}  # fmt: skip


def slate(array: Any, tape: Tape) -> Slate:
    """`array` as a slate on the same memory."""
    result = array.view(Slate)
    result.source = None
    result.tape = tape
    return result  # type: ignore[no-any-return]


def find_traced(value: Any) -> Traced | None:
    """A traced value in an argument, inside of tuples, lists, slices and dictionaries too; None if there is none."""
    kind = type(value)
    if kind is Traced:
        return value  # type: ignore[no-any-return]
    if kind is Slate:
        traced: Traced | None = value.traced
        return traced
    if kind is tuple or kind is list:
        for item in value:
            found = find_traced(item)
            if found is not None:
                return found
        return None
    if kind is dict:
        return find_traced(list(value.values()))
    if kind is slice:
        return find_traced((value.start, value.stop, value.step))
    return None


def now(value: Any) -> Any:
    """A value; for a slate that stands for a traced value, that."""
    return value.traced if type(value) is Slate and value.traced is not None else value


def resolved(value: Any) -> Any:
    """An argument with traced values for the slates that stand for one."""
    kind = type(value)
    if kind is Slate:
        return now(value)
    if kind is tuple or kind is list:
        return kind([resolved(item) for item in value])
    if kind is dict:
        return {key: resolved(item) for key, item in value.items()}
    return value


def _plain(value: Any) -> Any:
    return np.asarray(value) if type(value) is Slate else plain(value)
