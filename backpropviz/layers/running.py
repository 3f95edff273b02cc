"""Runs a user's function on plain arrays, to see whether it does, and how far it comes."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from backpropviz.engine.holders import call
from backpropviz.errors import LayerError
from backpropviz.text import file_name


def line_in(error: BaseException, file: str) -> str:
    """`file:line` where an error passed through a file, as deep as possible."""
    found, traceback = "", error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            found = f"{file_name(file)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def progress_in(traceback: TracebackType | None, file: str) -> tuple[int, ...]:
    """How far a run came: the place in the bytecode of every call in the function's file."""
    places = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            places.append(traceback.tb_lasti)
        traceback = traceback.tb_next
    return tuple(places)


NOT_FINITE = "the result is not finite"
EMPTY = "the result has no entries"
NOTHING = "the result is zero everywhere"
LINES = 1_000_000  # half a second; a convolution written with six loops runs a few thousand on a sample


class EndlessError(LayerError):
    """A function that does not end."""


@contextlib.contextmanager
def counted() -> Iterator[None]:
    """Within, lines are counted: the end of a run is not left to a clock. A debugger that is there goes first."""
    if sys.gettrace() is not None:
        yield
        return
    left = LINES

    def count(frame: FrameType, event: str, _value: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            place = f"{file_name(frame.f_code.co_filename)}:{frame.f_lineno}"
            seen = f"it does not end: {LINES:,} lines have run, and here it still goes on"
            raise EndlessError(seen, where=place, fix="Does the loop's condition ever become false?")
        return count

    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(None)


def runs(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether `function` returns something finite on plain copies of `arguments`.

    Raises:
        EndlessError: it runs for more lines than a layer on a few numbers needs. Else what it raises itself.
    """
    with counted():
        return run(function, arguments) != NOT_FINITE


def run(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """What is amiss with what `function` returns on plain copies of `arguments`: NOT_FINITE, EMPTY, or nothing.

    What it prints is swallowed.
    """
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = copy.deepcopy(dict(arguments))
        returned = call(function, given)
    if inspect.iscoroutine(returned):
        returned.close()
        raise TypeError("an async function returns nothing until it is awaited")
    first = returned[0] if isinstance(returned, tuple) and returned else returned
    if not isinstance(first, np.ndarray | float):  # what it holds; or what was changed in place of returning something
        numbers = _numbers_in(
            [value for value in given.values() if isinstance(value, dict | list)] if first is None else first
        )
        return "" if all(np.isfinite(number).all() for number in numbers) else NOT_FINITE
    if not np.isfinite(first).all():
        return NOT_FINITE
    if not np.size(first):
        return EMPTY
    return NOTHING if np.ndim(first) > 1 and not np.any(first) else ""


def _numbers_in(value: Any) -> Iterator[Any]:
    """The arrays and numbers that dictionaries, lists and tuples hold."""
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers_in(part)
    elif isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc"):
        yield value
