"""Runs a user's function on plain arrays, to see whether it does, and how far it comes."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from backpropviz.engine.holders import call


def line_in(error: BaseException, file: str) -> str:
    """`file:line` where an error passed through a file, as deep as possible."""
    found, traceback = "", error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            found = f"{Path(file).name}:{traceback.tb_lineno}"
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


def runs(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether `function` returns something finite on plain copies of `arguments`."""
    return run(function, arguments) != NOT_FINITE


def run(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """What is amiss with what `function` returns on plain copies of `arguments`: NOT_FINITE, EMPTY, or nothing.

    What it prints is swallowed.
    """
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        returned = call(function, copy.deepcopy(dict(arguments)))
    first = returned[0] if isinstance(returned, tuple) and returned else returned
    if not isinstance(first, np.ndarray | float):
        return ""
    if not np.isfinite(first).all():
        return NOT_FINITE
    return "" if np.size(first) else EMPTY
