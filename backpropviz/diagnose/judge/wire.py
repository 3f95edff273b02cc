"""Values as bytes, between the process that runs a student's code and the one that judges: nothing in them is run.

A message is two lengths, a JSON text that says what the values are, and the numbers of the arrays one after another.
What is neither a number, a text, an array nor a container of such stays where it is; a handle stands for it. A
container of a class of its own (a named tuple, a defaultdict) does both: what is in it is sent, and it stays.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST = 64_000_000  # bytes of one message
_DEEPEST, _LONGEST = 5, 2_000
_HEAD = struct.Struct("!II")


class Garbled(Exception):  # noqa: N818
    """What came is no message of ours; the text says what is wrong with it."""


class Gone(Garbled):
    """The other process has closed its end."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object of the other process."""

    number: int


class HeldTuple(tuple[Any, ...]):
    """What is in a tuple or list of a class of its own; sent back, it is the object of the other process."""

    number: int


class HeldDict(dict[str, Any]):
    """What is in a dictionary of a class of its own; sent back, it is the object of the other process."""

    number: int


class Writer:
    """Collects values for one message.

    Args:
        keep: gives the number of a handle for what cannot be sent.
    """

    def __init__(self, keep: Callable[[Any], int] | None = None):
        self.keep = keep
        self.blobs: list[bytes] = []

    def value(self, value: Any, depth: int = 0) -> list[Any]:
        """What JSON says of a value; the entries of arrays go with the blobs."""
        kind = type(value)
        if value is None:
            return ["none"]
        if kind in (bool, int, float, str):
            return ["plain", value]
        if kind in (Handle, HeldTuple, HeldDict):
            return ["handle", value.number]
        if kind is np.ndarray or isinstance(value, np.generic):
            return self._array(value)
        if isinstance(value, np.ma.MaskedArray | np.matrix):
            return ["odd"]
        if depth < _DEEPEST and kind in (tuple, list) and len(value) <= _LONGEST:
            return [kind.__name__, [self.value(item, depth + 1) for item in value]]
        if depth < _DEEPEST and kind is dict and len(value) <= _LONGEST and all(type(key) is str for key in value):
            return ["dict", [[key, self.value(item, depth + 1)] for key, item in value.items()]]
        return self._held(value, depth) or self.kept(value)

    def _held(self, value: Any, depth: int) -> list[Any]:
        """A container of a class of its own as a plain one and a handle; empty where it is none.

        Its entries are read as the base class has them: nothing that its class defines is run.
        """
        for base in (tuple, list, dict):
            if self.keep is None or not issubclass(type(value), base) or type(value) is base:
                continue
            plain: Any = base.copy(value) if base is dict else base(base.__iter__(value))
            return ["held", self.keep(value), self.value(plain, depth)]
        return []

    def kept(self, value: Any) -> list[Any]:
        """A value that stays here."""
        if self.keep is None:
            raise TypeError(f"{type(value).__name__} cannot be sent")
        return ["handle", self.keep(value)]

    def _array(self, value: Any) -> list[Any]:
        array = np.asarray(value)
        if array.dtype.kind not in "fiubc" or array.dtype.itemsize > 16:
            return self.kept(value)
        data = np.ascontiguousarray(array).tobytes()
        self.blobs.append(data)
        return ["array", array.dtype.str, list(array.shape), len(data), isinstance(value, np.generic)]

    def message(self, record: dict[str, Any]) -> bytes:
        """The message: a record whose values were written before."""
        text, data = json.dumps(record).encode(), b"".join(self.blobs)
        return _HEAD.pack(len(text), len(data)) + text + data


class Reader:
    """Takes a message apart.

    Raises:
        Garbled: it is no message.
    """

    def __init__(self, text: bytes, data: bytes):
        self.data, self.at = data, 0
        try:
            self.record: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Garbled(str(error)) from error
        if type(self.record) is not dict:
            raise Garbled("it is no record")

    def value(self, said: Any) -> Any:
        """The value that JSON says, arrays as fresh ones."""
        try:
            return self._value(said)
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError) as error:
            raise Garbled(str(error)) from error

    def _value(self, said: Any) -> Any:
        kind, *rest = said
        if kind == "none":
            return None
        if kind == "plain" and type(rest[0]) in (bool, int, float, str):
            return rest[0]
        if kind == "handle" and type(rest[0]) is int:
            return Handle(rest[0])
        if kind == "odd":
            return np.ma.array([0.0], mask=[True])
        if kind in ("tuple", "list"):
            values = [self._value(item) for item in rest[0]]
            return tuple(values) if kind == "tuple" else values
        if kind == "dict":
            return {str(key): self._value(item) for key, item in rest[0]}
        if kind == "held" and type(rest[0]) is int:
            return _held(rest[0], self._value(rest[1]))
        if kind == "array":
            return self._array(*rest)
        raise Garbled(f"there is no kind {kind!r}")

    def _array(self, dtype: str, shape: list[int], size: int, scalar: bool) -> Any:
        kind = np.dtype(str(dtype))
        part = self.data[self.at : self.at + size]
        self.at += size
        if kind.kind not in "fiubc" or len(part) != size:
            raise Garbled("an array is not whole")
        array = np.frombuffer(part, kind).reshape([int(length) for length in shape]).copy()
        return array[()] if scalar else array


def _held(number: int, value: Any) -> Any:
    """What was in a container of a class of its own; a handle, where that is no container."""
    if type(value) not in (tuple, list, dict):
        return Handle(number)
    held: Any = HeldDict(value) if type(value) is dict else HeldTuple(value)
    held.number = number
    return held


def send(channel: int, message: bytes, seconds: float | None = None) -> None:
    """Write a whole message.

    Raises:
        Garbled: it is too long, or nobody reads it. TimeoutError: it was not taken in time.
    """
    if len(message) > MOST:
        raise Garbled(f"{len(message)} bytes are too many")
    until = None if seconds is None else time.monotonic() + seconds
    left = memoryview(message)
    try:
        while left:
            if until is not None and not select.select([], [channel], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError
            left = left[os.write(channel, left[: select.PIPE_BUF]) :]  # so much never has to wait
    except BrokenPipeError as error:
        raise Gone from error


def receive(channel: int, seconds: float | None = None) -> Reader:
    """Read a whole message.

    Raises:
        Garbled: the other end is gone, or what comes is no message. TimeoutError: it did not come in time.
    """
    until = None if seconds is None else time.monotonic() + seconds
    text, data = _HEAD.unpack(_exactly(channel, _HEAD.size, until))
    if text + data > MOST:
        raise Garbled(f"{text + data} bytes are too many")
    return Reader(_exactly(channel, text, until), _exactly(channel, data, until))


def _exactly(channel: int, count: int, until: float | None) -> bytes:
    parts = []
    while count:
        if until is not None and not select.select([channel], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(channel, min(count, 1 << 20))
        if not part:
            raise Gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
